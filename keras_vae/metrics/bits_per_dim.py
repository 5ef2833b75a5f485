"""From nats per image to bits per dimension."""

import math

import numpy as np


def bits_per_dim(nll, shape, levels=256):
    """`nll` (n,), nats per image of a density on [0, 1]^d, d = prod(shape), as bits per dimension.

    levels    number of grey levels of the pixels, so 1/(levels - 1) apart (256: 8 bits). Density times that spacing
              stands for a probability, which adds log2(levels - 1) bits. None: bits of the density itself.

    It bounds a code length only for data to which noise of the width of one level was added; on bare 8-bit images a
    density can rise without bound between the levels, and this number can be negative.
    """
    if levels is not None and levels < 2:
        raise ValueError(f"levels is {levels}; expected at least 2, or None for the density itself")
    offset = 0.0 if levels is None else math.log2(levels - 1)
    return np.asarray(nll, np.float64) / (math.prod(shape) * math.log(2.0)) + offset
