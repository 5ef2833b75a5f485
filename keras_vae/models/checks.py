"""What the public methods accept; every error names the argument and says what would be right."""

import numpy as np


def checked_data(data, shape, argument="images"):
    """`data` as an array (n, *shape): uint8 or float32 in [0, 1] if images (rank-3 shape), finite floats if points."""
    data = np.asarray(data)
    wanted = f"(n, {', '.join(map(str, shape))})"
    if data.ndim != len(shape) + 1 or data.shape[1:] != tuple(shape):
        raise ValueError(f"{argument} has shape {data.shape}; expected {wanted}")
    if len(data) == 0:
        raise ValueError(f"{argument} is empty; expected at least one")
    if data.dtype == np.uint8:
        return data
    if data.dtype.kind != "f":
        raise ValueError(f"{argument} has dtype {data.dtype}; expected float32 in [0, 1] or uint8, of shape {wanted}")
    _check_finite(data, argument)
    if len(shape) == 3 and data.size and (data.min() < 0.0 or data.max() > 1.0):
        found = f"[{data.min():.4g}, {data.max():.4g}]"
        raise ValueError(f"{argument} has values in {found}; expected float32 in [0, 1], or uint8 in [0, 255]")
    return data.astype(np.float32, copy=False)


def checked_codes(codes, latent_dim, argument="codes"):
    """`codes` as float32 (n, latent_dim)."""
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.shape[1] != latent_dim:
        raise ValueError(f"{argument} has shape {codes.shape}; expected (n, {latent_dim})")
    if len(codes) == 0:
        raise ValueError(f"{argument} is empty; expected at least one")
    if codes.dtype.kind not in "fiu":
        raise ValueError(f"{argument} has dtype {codes.dtype}; expected float32")
    _check_finite(codes, argument)
    return codes.astype(np.float32, copy=False)


def checked_count(count, argument="count"):
    """`count` as a positive int."""
    if isinstance(count, bool) or int(count) != count or count < 1:
        raise ValueError(f"{argument} is {count}; expected a whole number of at least 1")
    return int(count)


def _check_finite(data, argument):
    bad = int(np.size(data) - np.isfinite(data).sum())
    if bad:
        raise ValueError(f"{argument} has {bad} values that are NaN or infinite; expected finite numbers")
