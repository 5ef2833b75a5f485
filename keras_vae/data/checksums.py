"""Checksums of the rows of a store: the CRC-32 of each block of bytes, taken as they are written, and compared."""

import concurrent.futures
import contextlib
import json
import math
import os
import pathlib
import zlib

import numpy as np

from keras_vae.data.read_ahead import THREADS, bounded
from keras_vae.files import read_sealed
from keras_vae.status import Progress

AT_ONCE = 1024  # rows of an array in memory
BLOCK = 16 * 2**20  # bytes that share a checksum


class Checksums:
    """CRC-32 of each block of a file, as it is written."""

    def __init__(self, state):
        self.done, self.crc, self.filled = state

    def add(self, content):
        while len(content):
            part = content[: BLOCK - self.filled]
            content = content[len(part) :]
            self.crc, self.filled = zlib.crc32(part, self.crc), self.filled + len(part)
            if self.filled == BLOCK:
                self.done, self.crc, self.filled = [*self.done, self.crc], 0, 0

    @property
    def state(self):
        return [self.done, self.crc, self.filled]

    @property
    def all(self):
        return [*self.done, self.crc] if self.filled else self.done


def checksum(rows: np.ndarray) -> str:
    """Return what stands for every byte of an array, in memory or in a store, which has kept it."""
    return f"{zlib.crc32(json.dumps(_kept_sums(rows) or _sums(rows)).encode()):08x}"


def _kept_sums(rows):
    """The checksums of the blocks in the header of the store that the array is the whole of; None where it is none."""
    if isinstance(rows, np.memmap) and rows.filename and rows.flags.c_contiguous:
        with contextlib.suppress(OSError, ValueError, KeyError):
            header = read_sealed(pathlib.Path(rows.filename).with_name("header.json"), unsealed_too=True)
            if [header["rows"], *header["shape"], header["block"]] == [*rows.shape, BLOCK]:
                return header["crc32"]
    return None


def _sums(rows):
    sums = Checksums([[], 0, 0])
    for start in Progress(range(0, len(rows), AT_ONCE), "checksum of the examples", unit=f"blocks of {AT_ONCE:,}"):
        sums.add(np.ascontiguousarray(rows[start : start + AT_ONCE]).data.cast("B"))
    return sums.all


def check(path, header):
    """Raise ValueError where a file differs from its header. It is read as a whole, which warms the page cache too."""
    expected = header["rows"] * math.prod(header["shape"]) * np.dtype(header["dtype"]).itemsize
    size = path.stat().st_size
    if size != expected:
        raise ValueError(f"rows.raw has {size:,} bytes, not {expected:,}")
    starts = range(0, size, header["block"])
    with open(path, "rb") as file, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        found = bounded(pool, lambda start: zlib.crc32(os.pread(file.fileno(), header["block"], start)), starts)
        bar = Progress(found, f"checking {path.parent.name}", len(starts), unit="blocks")
        for number, (crc, kept) in enumerate(zip(bar, header["crc32"], strict=True)):
            if crc != kept:
                raise ValueError(f"block {number} of {len(starts)} of rows.raw is not what was written")
