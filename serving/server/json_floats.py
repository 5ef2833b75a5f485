"""Floats to text as TensorFlow Serving prints them, many at once."""

import numpy as np


def float_texts(array):
    """%g where that reads back as the same number, else %.9g or %.17g, with ".0" if whole: 3.0, 0.333333343, 9e+06."""
    flat = array.ravel()
    long = "%.9g" if flat.dtype == np.float32 else "%.17g"
    texts = list(map(long.__mod__, flat.tolist()))
    maybe_short = np.flatnonzero(_may_be_short(flat))
    numbers = flat[maybe_short]
    shorts = list(map("%g".__mod__, numbers.tolist()))
    with np.errstate(over="ignore", invalid="ignore"):
        same = np.array(list(map(float, shorts))).astype(flat.dtype) == numbers
        whole = np.flatnonzero(flat == np.rint(flat))
    for index, short, is_same in zip(maybe_short.tolist(), shorts, same.tolist()):
        if is_same:
            texts[index] = short
    for index in whole.tolist():
        if "." not in texts[index] and "e" not in texts[index]:
            texts[index] += ".0"
    for index in np.flatnonzero(~np.isfinite(flat)).tolist():
        texts[index] = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(flat[index])]
    return texts


def _may_be_short(flat):
    """Where six digits may be enough: all such numbers and a few others. It saves printing and reading the rest."""
    limits = np.finfo(flat.dtype)
    with np.errstate(all="ignore"):
        numbers = flat.astype(np.float64)
        scale = 10.0 ** (5 - np.floor(np.log10(np.abs(numbers))))
        distance = np.abs(np.rint(numbers * scale) / scale - numbers)
        return ~(distance > np.abs(numbers) * 4 * limits.eps + limits.smallest_subnormal)
