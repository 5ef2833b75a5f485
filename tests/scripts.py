"""Scripts of the project as processes: real ones, with a status, an output and an end by SIGKILL.

Each is forked from a server that has imported TensorFlow once, for that takes longer than most of what is tested.
"""

import multiprocessing
import os
import pathlib
import runpy
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["keras_vae.training.train", "keras_vae.evaluation.evaluate", "keras_vae.exporting"])


class Script:
    """`python NAME ARGUMENTS...` in the project's directory, begun at once; `output` is the file that it prints to.

    dies_before: (path, count). The process kills itself with SIGKILL when a file is about to appear there, in one step
    (os.replace) and for the count-th time: between what is on the disk and what is not, on a machine of any speed.
    """

    def __init__(self, output, name, *arguments, dies_before=None, **environment):
        self._output = pathlib.Path(output)
        command = [str(name), *map(str, arguments)]
        self._process = _server.Process(
            target=_become, args=(command, environment, dies_before, self._output), daemon=True
        )
        self._process.start()

    def wait(self, seconds=300):
        """(status, output) of the process at its end; -9 is the status of a killed one."""
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            raise TimeoutError(
                f"not done after {seconds} s:\n{self._output.read_text(encoding='utf-8', errors='replace')}"
            )
        return self._process.exitcode, self._output.read_text(encoding="utf-8", errors="replace")


def _become(command, environment, dies_before, output):
    """In the new process: what Python does with a command line."""
    with open(output, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    os.chdir(ROOT)
    if dies_before:
        path, left = os.fspath(dies_before[0]), dies_before[1]

        def die(event, arguments):
            nonlocal left
            if event == "os.rename" and os.fspath(arguments[1]).endswith(path):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
    sys.argv, sys.path[0] = command, str(ROOT)
    runpy.run_path(command[0], run_name="__main__")
