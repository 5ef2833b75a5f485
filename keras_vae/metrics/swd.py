"""SWD: the sliced Wasserstein distance of patches at every level of a Laplacian pyramid (Karras et al. 2018).

No network and no weights, and unlike pixel features it sees detail: each level holds what one scale adds to the coarser
ones, and its patches are compared, not its means and covariances. Constants are those of the published code.
"""

import numpy as np
from scipy import ndimage

from keras_vae.checks import checked_data, checked_images, checked_rows
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks, unit
from keras_vae.status import Progress

SMALLEST_SIDE = 16  # of the coarsest level
SIDE, PATCHES = 7, 128  # a patch is 7x7 pixels of all channels; patches of an image, in each level
DIRECTIONS, AT_ONCE = 512, 32
FILTER = np.array([1, 4, 6, 4, 1], np.float32) / 16  # along either axis: the binomial filter of Burt and Adelson (1983)
BLOCK = 256  # images


def swd(reals: np.ndarray, fakes: np.ndarray, seed: int = 0) -> dict[str, float]:
    """{"64x64": ..., "32x32": ..., "16x16": ..., "mean": ...}: 1,000 times the distance at each level, finest first.

    reals, fakes  equally many images (n, H, W, C), uint8 or float32 in [0, 1].
    seed          of the places of patches and of the directions.

    The finest level is the image less its blurred half-size twin, the coarsest that twin itself. As published, patches
    of either set are brought to mean 0 and deviation 1 in each channel before they are compared, so the distance sees
    the structure of a level and not its contrast. It falls with n: compare only with others of the same n.
    """
    checked_seed(seed)
    reals = checked_images(reals, "reals")
    fakes = checked_data(fakes, reals.shape[1:], "fakes")
    if len(fakes) != len(reals):
        raise ValueError(f"fakes has {len(fakes)} images; expected as many as reals, {len(reals)}")
    if min(reals.shape[1:3]) < SIDE:
        raise ValueError(f"images are {reals.shape[1]}x{reals.shape[2]}; expected at least {SIDE}x{SIDE} for a patch")
    levels = zip(*(_descriptors(images, np.random.default_rng([seed, k])) for k, images in enumerate((reals, fakes))))
    found = {name: 1000.0 * sliced_wasserstein(a, b, seed) for (name, a), (_, b) in levels}
    return {**found, "mean": float(np.mean(list(found.values())))}


def sliced_wasserstein(a: np.ndarray, b: np.ndarray, seed: int = 0) -> float:
    """The 1-Wasserstein distance between the rows of a and b, (n, d) each, in the mean over random directions of R^d.

    On a line it is the mean distance between the sorted projections.
    """
    checked_seed(seed)
    a, b = checked_rows(a, "a"), checked_rows(b, "b")
    if a.shape != b.shape:
        raise ValueError(f"b has shape {b.shape}; expected {a.shape}, that of a")
    directions = np.random.default_rng(seed).standard_normal((DIRECTIONS, a.shape[1]))
    directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    parts = Progress(blocks(DIRECTIONS, AT_ONCE), "sliced Wasserstein", unit="blocks")
    means = [np.mean(np.abs(_sorted(a, directions[part]) - _sorted(b, directions[part]))) for part in parts]
    return float(np.mean(means))


def laplacian_pyramid(images: np.ndarray) -> list[np.ndarray]:
    """Levels of float images (n, H, W, C), finest first: each (n, h, w, C), h and w half those of the level before."""
    levels = [np.asarray(images, np.float32)]
    while min(levels[-1].shape[1:3]) >= 2 * SMALLEST_SIDE:
        levels.append(_filtered(levels[-1], FILTER)[:, ::2, ::2])
        spread = np.zeros_like(levels[-2])
        spread[:, ::2, ::2] = levels[-1]
        levels[-2] = levels[-2] - _filtered(spread, 2 * FILTER)
    return levels


def _filtered(images, weights):
    for axis in (1, 2):
        images = ndimage.correlate1d(images, weights, axis, mode="mirror")
    return images


def _descriptors(images, random):
    """[("HxW", patches (n PATCHES, 49 C))] of each level, of mean 0 and deviation 1 in each channel."""
    found = {}
    for block in Progress(blocks(len(images), BLOCK), "patches", unit="blocks"):
        for level in laplacian_pyramid(unit(images[block])):
            name = "x".join(map(str, level.shape[1:3]))
            found.setdefault(name, []).append(_patches(level, random))
    return [(name, _standardised(np.concatenate(parts))) for name, parts in found.items()]


def _patches(level, random):
    """(n PATCHES, SIDE, SIDE, C) at random places of images (n, h, w, C)."""
    windows = np.lib.stride_tricks.sliding_window_view(level, (SIDE, SIDE), axis=(1, 2))
    image = np.repeat(np.arange(len(level)), PATCHES)
    row, column = (random.integers(0, size, len(image)) for size in windows.shape[1:3])
    return np.moveaxis(windows[image, row, column], 1, -1)


def _standardised(patches):
    """Patches (n, SIDE, SIDE, C) -> rows (n, 49 C); a channel that is the same everywhere becomes 0."""
    patches = patches - patches.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)
    deviation = patches.std(axis=(0, 1, 2), dtype=np.float64)
    return (patches / np.where(deviation > 0, deviation, 1.0).astype(np.float32)).reshape(len(patches), -1)


def _sorted(rows, directions):
    """Projections (directions, n), each sorted."""
    return np.sort(directions @ rows.T.astype(np.float32, copy=False), axis=1)
