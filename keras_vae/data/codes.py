"""Posteriors of frozen stages: the data of the next stage."""

import warnings
import zlib

import numpy as np

from keras_vae.data.mapped import in_order
from keras_vae.data.store import IN_MEMORY, Plan, key_of, stored
from keras_vae.files import UNREADABLE
from keras_vae.maths.arrays import blocks

ADVICE = "train in a new --workdir, or restore the data set"
COMPARED = 64  # images that stand for all, spread over the data set
AT_ONCE = 4096  # images encoded between two looks at the clock; a multiple of the rows of a call of a graph


def posteriors(folder, latent_dim, encode, images):
    """Return mean and deviation of q(z|x) of every training image, two (n, latent_dim) float32 arrays, computed once.

    encode(images, first): images (k, ...), the first of which is number `first` -> mean, stddev.
    They are kept as the store `posteriors` in the `folder` of the stage; the stage above draws a fresh z ~ q(z|x) from
    them at every step, and never runs the encoder again. A killed computation goes on.
    """
    path, key = folder / "posteriors", {"images": len(images), "crc32 of some": _some(images)}
    if (before := _before(folder / "posteriors.npz")) is not None:
        _check(folder / "posteriors.npz", len(before[0]), len(images))
        return before
    if (kept := key_of(path)) is not None and kept != key:
        _check(path, kept.get("images", "an unknown number of"), len(images))
        raise ValueError(f"{path} holds the codes of other images than the data set has now; {ADVICE}")

    def encoded(start):
        for rows in blocks(len(images), AT_ONCE):
            if rows.start >= start:
                yield np.stack(encode(in_order(images)[rows], rows.start), axis=1), []

    plan = Plan(len(images), (2, latent_dim), encoded, f"encoding by {folder.name}", dtype="float32")
    codes, _ = stored(path, key, lambda: plan)
    mean, stddev = codes[:, 0], codes[:, 1]
    return (mean, stddev) if codes.nbytes > IN_MEMORY else (np.array(mean), np.array(stddev))


def _some(images):
    chosen = np.unique(np.linspace(0, len(images) - 1, COMPARED).astype(np.int64))
    return zlib.crc32(np.ascontiguousarray(images[chosen]))


def _before(path):
    """Mean and deviation in a file of version 0.1 or 0.2, where there is one that can be read."""
    try:
        with np.load(path) as stored:
            return stored["mean"], stored["stddev"]
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        warnings.warn(f"{path} is damaged, its codes are computed again: {error}", stacklevel=4)
        return None


def _check(path, kept, now):
    if kept != now:
        raise ValueError(f"{path} holds the codes of {kept} images, but the data set has {now} now; {ADVICE}")
