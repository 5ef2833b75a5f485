"""Checks of the options that data sets share. Errors name the option, what was given and what would be right."""

import numbers


def whole(option, value, least=1):
    """`value` as an int that is at least `least`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{option} must be a whole number of at least {least}, not {value!r}")
    return int(value)


def size(image_size):
    """`image_size` as a pair (height, width) of positive ints."""
    try:
        height, width = image_size
        return whole("height", height), whole("width", width)
    except (TypeError, ValueError):
        raise ValueError(
            f"image_size must be a pair of positive whole numbers (height, width), not {image_size!r}"
        ) from None


def not_negative(option, value):
    """`value` as a float that is finite and at least 0."""
    if not isinstance(value, numbers.Real) or not 0 <= value < float("inf"):
        raise ValueError(f"{option} must be a number of at least 0, not {value!r}")
    return float(value)
