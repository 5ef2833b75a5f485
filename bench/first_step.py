"""Seconds from a command to --help, to a first sign of life and to the first training step, beside TensorFlow's import.

    python bench/first_step.py [--rounds=3] [--data_dir=TFDS]

Each is a process of its own, on a terminal, and they take turns. The first step is the end of the first dispatch, of up
to 100 steps, whose compilation is part of it. MNIST needs its files; without --data_dir it is left out.
"""

import json
import os
import pathlib
import pty
import statistics
import subprocess
import sys
import tempfile
import time

from absl import app, flags

flags.DEFINE_integer("rounds", 3, "Times that each command is run.")
flags.DEFINE_string("data_dir", None, "Folder of TFDS with MNIST.")
flags.DEFINE_list("first_step", None, "Train WORDS of train.py in this process and exit at the first step.")

ROOT = pathlib.Path(__file__).resolve().parents[1]
FACES = ("--dataset=faces", "--quick")
MNIST = ("--dataset=mnist", "--quick")


def first_step(words):
    """Run train.py's main in this process, as `python train.py` does, until a dispatch has ended."""
    import runpy

    from keras_vae import _quiet

    _quiet.import_tensorflow()
    from keras_vae.training.callbacks.progress import Progress

    def stop(self, batch, logs=None):
        os._exit(0)

    Progress.on_train_batch_end = stop
    with tempfile.TemporaryDirectory() as folder:
        sys.argv = ["train.py", *words, f"--workdir={folder}/run"]
        runpy.run_path(str(ROOT / "train.py"), run_name="__main__")


def seconds_to_end(command):
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def seconds_to_a_sign(command):
    """Until the command has written anything to its terminal; it is stopped then."""
    ours, theirs = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs)
    os.read(ours, 1)
    seconds = time.perf_counter() - began
    process.kill()
    process.wait()
    os.close(ours), os.close(theirs)
    return seconds


def main(_):
    args = flags.FLAGS
    if args.first_step:
        first_step(args.first_step)
        return
    python = sys.executable
    script, me = str(ROOT / "train.py"), str(pathlib.Path(__file__).resolve())
    with tempfile.TemporaryDirectory() as folder:
        measures = {
            "import of TensorFlow": (seconds_to_end, [python, "-c", "import tensorflow"]),
            "train.py --help": (seconds_to_end, [python, script, "--help"]),
            "train.py, something on the screen": (
                seconds_to_a_sign,
                [python, script, *FACES, f"--workdir={folder}/run"],
            ),
            "faces, first step": (seconds_to_end, [python, me, f"--first_step={','.join(FACES)}"]),
        }
        if args.data_dir:
            words = (*MNIST, f"--data_dir={pathlib.Path(args.data_dir).resolve()}")
            measures["MNIST, first step"] = seconds_to_end, [python, me, f"--first_step={','.join(words)}"]
        found = {name: [] for name in measures}
        for _ in range(args.rounds):
            for name, (measure, command) in measures.items():
                found[name].append(measure(command))
    print("| | s, median (least to most) |\n|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f}) |")
    print(json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
