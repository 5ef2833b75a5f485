"""Checks of arguments: every error names the argument and says what would be right."""

import math
import numbers
import sys

import numpy as np

LARGEST = 1e15  # of codes, points and features: sums of their squares, and products of such, stay far inside float32


def shown(value):
    """A value in the words of an error: on one line, which a whole array would not be."""
    if getattr(value, "shape", ()):
        return f"an array of shape {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


def array(value, argument):
    """`value` as an array; ValueError where it is none, lists of different lengths say."""
    if isinstance(value, np.memmap):  # it stays one: a store looks at its file before it is read
        return value
    try:
        return np.asarray(value)
    except (ValueError, TypeError):
        raise ValueError(f"{argument} is no array: its parts differ in length, or are no numbers") from None


def floats(value, argument):
    """`value` as an array of float64; ValueError where it holds anything but real numbers."""
    found = array(value, argument)
    if found.dtype.kind not in "fiub":
        raise ValueError(f"{argument} has dtype {found.dtype}; expected numbers")
    return found.astype(np.float64)


def checked_data(data, shape, argument="images"):
    """`data` as an array (n, *shape): uint8 or float32 in [0, 1] if images (rank-3 shape), finite floats if points."""
    data = array(data, argument)
    wanted = f"(n, {', '.join(map(str, shape))})"
    if data.ndim != len(shape) + 1 or data.shape[1:] != tuple(shape):
        raise ValueError(f"{argument} has shape {data.shape}; expected {wanted}")
    if len(data) == 0:
        raise ValueError(f"{argument} is empty; expected at least one")
    if data.dtype == np.uint8:
        return data
    if data.dtype.kind != "f":
        raise ValueError(f"{argument} has dtype {data.dtype}; expected float32 in [0, 1] or uint8, of shape {wanted}")
    low, high = _bounds(data, argument)
    if len(shape) == 3 and (low < 0.0 or high > 1.0):
        found = f"[{low:.4g}, {high:.4g}]"
        raise ValueError(f"{argument} has values in {found}; expected float32 in [0, 1], or uint8 in [0, 255]")
    return data.astype(np.float32, copy=False)


def checked_codes(codes, latent_dim, argument="codes"):
    """`codes` as float32 (n, latent_dim)."""
    codes = array(codes, argument)
    if codes.ndim != 2 or codes.shape[1] != latent_dim:
        raise ValueError(f"{argument} has shape {codes.shape}; expected (n, {latent_dim})")
    if len(codes) == 0:
        raise ValueError(f"{argument} is empty; expected at least one")
    if codes.dtype.kind not in "fiu":
        raise ValueError(f"{argument} has dtype {codes.dtype}; expected float32")
    _bounds(codes, argument)
    return codes.astype(np.float32, copy=False)


def checked_count(count, argument="count"):
    """`count` as a positive int."""
    if isinstance(count, bool) or not isinstance(count, numbers.Real) or not 1 <= count < 2**63 or int(count) != count:
        raise ValueError(f"{argument} is {shown(count)}; expected a whole number of at least 1")
    return int(count)


def _bounds(data, argument):
    """The least and the largest of the numbers; ValueError where any is NaN, infinite or too large to compute with."""
    if not data.size:
        return 0.0, 0.0
    low, high = float(np.min(data)), float(np.max(data))
    if not (math.isfinite(low) and math.isfinite(high)):  # NaN is the least and the largest
        parts = (data[start : start + 4096] for start in range(0, len(data), 4096))  # a mask of all may be too large
        bad = sum(int(np.size(part) - np.isfinite(part).sum()) for part in parts)
        raise ValueError(f"{argument} has {bad} values that are NaN or infinite; expected finite numbers")
    if max(-low, high) > LARGEST:
        raise ValueError(f"{argument} has values up to {max(-low, high):.4g}; expected none beyond {LARGEST:g}")
    return low, high


def whole(option, value, least=1, most=math.inf):
    """`value` as an int from `least` to `most`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or not least <= value <= most:
        bounds = f"of at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{option} is {shown(value)}; expected a whole number {bounds}")
    return int(value)


def size(image_size):
    """`image_size` as a pair (height, width) of positive ints."""
    try:
        height, width = image_size
        return whole("height", height), whole("width", width)
    except (TypeError, ValueError):
        raise ValueError(
            f"image_size must be a pair of positive whole numbers (height, width), not {shown(image_size)}"
        ) from None


def not_negative(option, value):
    """`value` as a float that is finite and at least 0."""
    if not isinstance(value, numbers.Real) or not 0 <= value < float("inf"):
        raise ValueError(f"{option} must be a number of at least 0, not {shown(value)}")
    return float(value)


def number(option, value, above=None):
    """`value` as a finite float, above `above` where given."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if not real or (above is not None and not value > above):
        raise ValueError(
            f"{option} must be a finite number{'' if above is None else f' above {above}'}, not {shown(value)}"
        )
    return float(value)


def seed(value, argument="seed", least=0, most=2**31 - 1):
    """`value` as an int from `least` to `most`."""
    return whole(argument, value, least, most)


def function(value, argument, of):
    """`value`, if it can be called."""
    if not callable(value):
        raise ValueError(f"{argument} is {shown(value)}; expected a function of {of}")
    return value


def like(option, value, default):
    """`value`, if it is of the kind of `default`: a switch, a whole number, a number, a word or whole numbers."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{option} must be true or false, not {shown(value)}")
    elif isinstance(default, int):
        whole(option, value)
    elif isinstance(default, float):
        number(option, value)
    elif isinstance(default, str):
        if not isinstance(value, str):
            raise ValueError(f"{option} must be a word, not {shown(value)}")
    elif isinstance(default, tuple):
        if not isinstance(value, (list, tuple)) or not value:
            raise ValueError(f"{option} must be a list of whole numbers, not {shown(value)}")
        for each in value:
            whole(f"each of {option}", each)
    return value


def checked_moments(means, argument="means"):
    """`means`, or stddevs, as float64 (n, latent_dim), finite; ValueError where they are none of n examples."""
    means = floats(means, argument)
    if means.ndim != 2 or not means.size:
        raise ValueError(f"{argument} has shape {means.shape}; expected (n, latent_dim), at least one of each")
    _bounds(means, argument)
    return means


def posterior_moments(means, stddevs):
    """means, stddevs as float64 (n, latent_dim); ValueError where they are no posteriors of n examples."""
    means, stddevs = checked_moments(means), floats(stddevs, "stddevs")
    if stddevs.shape != means.shape:
        raise ValueError(f"stddevs has shape {stddevs.shape}; expected that of means, {means.shape}")
    stddevs = checked_moments(stddevs, "stddevs")
    if stddevs.min() < 0.0:
        raise ValueError(f"stddevs has values down to {stddevs.min():.4g}; expected deviations, not below zero")
    return means, stddevs


def checked_examples(examples, argument):
    """`examples` as an array of images or points, all of one shape; what makes them wrong raises ValueError."""
    examples = array(examples, argument)
    if examples.ndim not in (2, 4) or 0 in examples.shape[1:]:
        raise ValueError(f"{argument} has shape {examples.shape}; expected images (n, H, W, C) or points (n, d)")
    return checked_data(examples, examples.shape[1:], argument)


def checked_images(images, argument):
    """`images` as an array (n, H, W, C) of uint8 or of float32 in [0, 1]."""
    images = array(images, argument)
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(f"{argument} has shape {images.shape}; expected images (n, H, W, C)")
    return checked_examples(images, argument)


def checked_rows(rows, argument, least=2):
    """`rows` as finite numbers (n, d) with n >= least."""
    rows = array(rows, argument)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise ValueError(f"{argument} has shape {rows.shape} and dtype {rows.dtype}; expected numbers (n, d)")
    if len(rows) < least or not rows.shape[1]:
        raise ValueError(f"{argument} has shape {rows.shape}; expected at least {least} rows of at least one number")
    _bounds(rows, argument)
    return rows
