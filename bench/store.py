"""Speed of shuffled batches from a store: warm and cold page cache, and a sparse file of 10 million images.

    python bench/store.py [--images=200000] [--seconds=10] [--folder=DISK]

Rows are images of 64x64x3 in batches of 128, in the order of an epoch. "plain" is array[rows] on a mapped file: the
kernel reads around every page that is missed (read_ahead_kb of the disk). "random" forbids that; "ahead" also asks for
all pages of a batch at once, as mapped.gather does. "blocks" reads 128 rows that follow one another, which a shuffle of
blocks would do. Cold: the file's pages are dropped before (posix_fadvise), other files' stay.
"""

import mmap
import os
import pathlib
import tempfile
import time

import numpy as np
from absl import app, flags

from keras_vae import cli
from keras_vae.data import mapped

flags.DEFINE_integer("images", 200_000, "Images in the file that is written.")
flags.DEFINE_integer("sparse", 10_000_000, "Images in the file that is all holes.")
flags.DEFINE_float("seconds", 10.0, "Most time for a figure.")
cli.DEFINE_path("folder", None, "Where the files are written; the system's place for temporary files by default.")

SHAPE, BATCH = (64, 64, 3), 128
ROW = int(np.prod(SHAPE))


def plain(array, rows):
    return array[rows]


def random(array, rows):
    array._mmap.madvise(mmap.MADV_RANDOM)
    return array[rows]


def ahead(array, rows):
    return mapped.gather(array, rows)


def blocks(array, rows):
    return np.array(array[rows[0] // BATCH * BATCH :][: len(rows)])


def speed(array, gather, seconds):
    """Images/s of gathers in the order of an epoch."""
    order = np.random.default_rng(0).permutation(len(array))
    began, done = time.monotonic(), 0
    for start in range(0, len(order) - BATCH + 1, BATCH):
        gather(array, order[start : start + BATCH])
        done += BATCH
        if time.monotonic() - began > seconds:
            break
    return done / (time.monotonic() - began)


def drop(file):
    """Forget the pages of a file."""
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main(_):
    args = flags.FLAGS
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = pathlib.Path(folder) / "rows.raw"
        block = np.random.default_rng(0).integers(0, 256, (1000, *SHAPE), dtype=np.uint8)
        began = time.monotonic()
        with open(path, "wb") as file:
            for _ in range(args.images // 1000):
                file.write(block.data.cast("B"))
            os.fsync(file.fileno())
        size = path.stat().st_size
        print(f"written: {size / 1e9:.2f} GB at {size / 1e6 / (time.monotonic() - began):,.0f} MB/s", flush=True)
        report(path, size // ROW, args.seconds, cold=True)
        os.truncate(path, 0)
        os.truncate(path, args.sparse * ROW)
        print(f"sparse, {args.sparse:,} images, {args.sparse * ROW / 1e9:,.0f} GB", flush=True)
        report(path, args.sparse, args.seconds, cold=False)


def report(path, count, seconds, cold):
    for gather in (plain, random, ahead, blocks):
        for state in ("cold", "warm") if cold else ("holes",):
            with open(path, "r+b") as file:
                if state == "cold":
                    drop(file)
                elif state == "warm":
                    while file.read(2**24):
                        pass
            array = np.memmap(path, np.uint8, "r", shape=(count, *SHAPE))  # anew: a mapping keeps its pages
            found = speed(array, gather, seconds)
            print(f"{state:6} {gather.__name__:7} {found:10,.0f} images/s {found * ROW / 1e6:8,.0f} MB/s", flush=True)
            del array


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
