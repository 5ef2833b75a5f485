"""Mapped arrays: rows of a file on the disk, shuffled or one after the other; a file that is cut short is told."""

import errno
import math
import mmap

import numpy as np


class Mapped(np.memmap):
    """Rows in a file whose size is looked at before each reading: a file that was cut short is an OSError (`whole`).

    Its slices are Mapped too; rows that were read are not.
    """

    def __getitem__(self, index):
        whole(self)
        found = super().__getitem__(index)
        return found.view(np.ndarray) if isinstance(found, Mapped) and found._mmap is None else found

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)  # np.memmap has subclasses for results, too


def gather(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return array[rows], of an array in memory or in a store, where rows (k,) are in any order.

    A disk is asked for the pages of all these rows at once, and for no others: the kernel would read megabytes around
    each page that is missed, one after the other (bench/store.py).
    """
    if (file := whole(array)) is not None:
        first = array.__array_interface__["data"][0] - np.frombuffer(file, np.uint8).__array_interface__["data"][0]
        size = math.prod(array.shape[1:]) * array.itemsize
        file.madvise(mmap.MADV_RANDOM)
        for row in np.sort(rows).tolist():
            start = first + row * array.strides[0]
            page = start - start % mmap.PAGESIZE
            file.madvise(mmap.MADV_WILLNEED, page, start + size - page)
    return array[rows]


def in_order(array: np.ndarray) -> np.ndarray:
    """Return the array, which is about to be read from its first row to its last: the kernel reads ahead again."""
    if (file := whole(array)) is not None:
        file.madvise(mmap.MADV_NORMAL)
    return array


def whole(array: np.ndarray) -> mmap.mmap | None:
    """Return the mapped file that an array lies in, None where it is in memory.

    OSError where the file was cut short by somebody: whoever read what is gone would be ended by the system (SIGBUS).
    """
    if not isinstance(array, np.memmap) or array._mmap is None:
        return None
    if array._mmap.size() < len(array._mmap):
        raise OSError(errno.EIO, "the file was cut short while it was in use; start again", str(array.filename))
    return array._mmap
