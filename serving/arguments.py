"""Arguments of the client's methods, checked before they travel."""

import numpy as np

LARGEST_SEED = 2**31 - 1


def images(value, shape):
    """uint8, or float32 in [0, 1], (n, *shape)."""
    array = np.asarray(value)
    expected = f"images: expected (n, {', '.join(map(str, shape))})"
    if array.ndim != len(shape) + 1 or array.shape[1:] != tuple(shape) or not len(array):
        raise ValueError(f"{expected} with n of at least 1, got {array.shape}")
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{expected} of uint8, or of float in [0, 1], got {array.dtype}")
    if len(shape) == 3 and not (array.min() >= 0.0 and array.max() <= 1.0):  # false for NaN too
        raise ValueError(f"{expected} in [0, 1], got values in [{array.min():g}, {array.max():g}]")
    return array.astype(np.float32)


def codes(value, latent_dim):
    """float32 (n, latent_dim)."""
    array = np.asarray(value)
    if array.ndim != 2 or array.shape[1] != latent_dim or not len(array):
        raise ValueError(f"codes: expected (n, {latent_dim}) with n of at least 1, got {array.shape}")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError("codes: expected finite numbers")
    return array.astype(np.float32)


def row_seeds(count, seed):
    """int64 (count,): one seed a picture, which the picture depends on alone."""
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"count: expected a whole number of at least 1, got {count!r}")
    if not isinstance(seed, (int, np.integer)) or not -LARGEST_SEED - 1 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed: expected a whole number in [{-LARGEST_SEED - 1}, {LARGEST_SEED}], got {seed!r}")
    return (np.int64(seed) << np.int64(32)) + np.arange(count, dtype=np.int64)
