"""Scripts of the project as processes: real ones, with a status, an output and an end by signals.

Each is forked from a server that has imported TensorFlow once, for that takes longer than most of what is tested.
"""

import multiprocessing
import os
import pathlib
import resource
import runpy
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(
    [
        "keras_vae.training.train",
        "keras_vae.evaluation.evaluate",
        "keras_vae.exporting",
        "serving.server.batching",
        "serving.server.grpc_services",
        "serving.server.http",
    ]
)


class Script:
    """`python NAME ARGUMENTS...` or `python -m MODULE ARGUMENTS...` in the project's directory, begun at once.

    It prints to the file `output`.
    dies_before: (path, count). The process kills itself with SIGKILL when a file is about to appear there, in one step
    (os.replace) and for the count-th time: between what is on the disk and what is not, on a machine of any speed.
    descriptors: how many files it may have open at a time.
    """

    def __init__(self, output, *command, dies_before=None, descriptors=None, **environment):
        self._output = pathlib.Path(output)
        limits = {"dies_before": dies_before, "descriptors": descriptors}
        self._process = _server.Process(
            target=_become, args=(list(map(str, command)), environment, self._output), kwargs=limits, daemon=True
        )
        self._process.start()

    @property
    def text(self):
        """The output until now."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    @property
    def status(self):
        """The exit status, or None while it runs; -9 is the status of a killed one."""
        return self._process.exitcode

    def send(self, number):
        """Send a signal."""
        os.kill(self._process.pid, number)

    def wait(self, seconds=300):
        """(status, output) of the process at its end."""
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            raise TimeoutError(f"not done after {seconds} s:\n{self.text}")
        return self.status, self.text


def _become(command, environment, output, dies_before, descriptors):
    """In the new process: what Python does with a command line."""
    with open(output, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)
    os.environ.update(environment)
    os.chdir(ROOT)
    if descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    if dies_before:
        path, left = os.fspath(dies_before[0]), dies_before[1]

        def die(event, arguments):
            nonlocal left
            if event == "os.rename" and os.fspath(arguments[1]).endswith(path):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
    sys.path[0] = str(ROOT)
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")
