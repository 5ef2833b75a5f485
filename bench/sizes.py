"""Memory and speed of train.py against the number of images and of workers.

    python bench/sizes.py [--sizes=8000,50000,200000] [--workers=1,2,3] [--folder=DISK] [--epochs=2]

A folder of PNGs of 64x64 is made, of so many files, and a small affine VAE trained on it in batches of 504 (which 2 and
3 workers divide), by train.py in processes of its own: every size with one worker, the middle one with the others.
Memory is RssAnon of /proc at its highest, for the process with the most and for all; pages of mapped files belong
to the kernel. Images/s are those of the stage's own line, of all workers together; the first epoch compiles, so compare
runs of as many steps. `read` is the time until the examples are there, from PNGs, store included. Load: of the machine
when the row was begun, since numbers that were taken beside other work are worth little more than their ratios.
"""

import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL.Image
import psutil
from absl import app, flags

from keras_vae import cli

flags.DEFINE_list("sizes", ["8000", "50000", "200000"], "Numbers of images.")
flags.DEFINE_list("workers", ["1", "2", "3"], "Numbers of workers.")
flags.DEFINE_integer("epochs", 2, "Epochs of each training.")
cli.DEFINE_path("folder", None, "Where the files are written; the system's place for temporary files by default.")

ROOT = pathlib.Path(__file__).resolve().parents[1]
DIFFERENT = 500  # pictures; the others repeat them
SETTINGS = [
    *("--preset=two_stage_vae", "--stage=vae", "--set=vae.network=affine", "--set=vae.network_options={}"),
    *("--set=vae.latent_dim=8", "--image_size=64"),
    *("--set=vae.batch_size=504", "--set=second.batch_size=504"),  # that of every stage must be one to share
]


def write_folder(root, count):
    """`count` files in sub-directories of a thousand."""
    contents = []
    for blocks in np.random.default_rng(0).integers(0, 256, (DIFFERENT, 8, 8, 3), dtype=np.uint8):
        file = io.BytesIO()
        PIL.Image.fromarray(blocks.repeat(8, axis=0).repeat(8, axis=1)).save(file, "PNG", compress_level=1)
        contents.append(file.getvalue())
    for number in range(count):
        if number % 1000 == 0:
            (root / f"{number // 1000:04}").mkdir(parents=True)
        (root / f"{number // 1000:04}" / f"{number:07}.png").write_bytes(contents[number % DIFFERENT])


def anonymous(process):
    """RssAnon of a process in MiB, 0 when it is gone."""
    try:
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:")), 0.0)


def measured(command):
    """(highest RssAnon of each process in MiB, largest first; output) of a command and its children."""
    highest = {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as output:
        words = [sys.executable, *map(str, command)]
        process = psutil.Popen(words, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            try:
                for each in (process, *process.children(recursive=True)):
                    highest[each.pid] = max(highest.get(each.pid, 0.0), anonymous(each))
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.05)
        output.seek(0)
        text = output.read().decode()
    if process.returncode:
        raise SystemExit(text)
    return sorted(highest.values(), reverse=True), text


def row(data, count, workers, epochs):
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=data.parent) as folder:
        command = ["train.py", "--dataset=folder", f"--data_dir={data}", f"--workdir={folder}/run", *SETTINGS]
        highest, text = measured([*command, f"--set=vae.epochs={epochs}", f"--workers={workers}"])
        steps = len(json.loads((pathlib.Path(folder) / "run" / "vae" / "history.json").read_text()))
    assert steps == epochs
    # With several, the process that starts them has next to nothing.
    speed, read = re.search(r"([\d,]+) examples/s", text)[1], re.search(r"read in ([\d.]+) s", text)[1]
    print(
        f"| {count:,} | {workers} | {highest[0]:,.0f} | {sum(highest):,.0f} | {speed} | {read} | {load:.0f} |",
        flush=True,
    )


def main(_):
    sizes, workers = (sorted(map(int, each)) for each in (flags.FLAGS.sizes, flags.FLAGS.workers))
    print(
        "| images | workers | MiB, the largest | MiB, all | images/s | read, s | load |\n|---|---|---|---|---|---|---|"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=flags.FLAGS.folder) as folder:
            data = pathlib.Path(folder) / "images"
            write_folder(data, size)
            for number in workers if size == sizes[len(sizes) // 2] else workers[:1]:
                row(data, size, number, flags.FLAGS.epochs)


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
