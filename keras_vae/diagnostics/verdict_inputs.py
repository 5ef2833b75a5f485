"""The numbers that a verdict rests on."""

import functools
import typing

import numpy as np
import tensorflow as tf

from keras_vae.checks import checked_data, number, shown
from keras_vae.checks import seed as checked_seed
from keras_vae.diagnostics.posteriors import effective_rank, latent_table
from keras_vae.maths.arrays import blocks, to_unit
from keras_vae.maths.kernels import unbiased_mmd
from keras_vae.models.codec import codec_of
from keras_vae.status import Progress

if typing.TYPE_CHECKING:
    from keras_vae.models.stack import Stack

COMPARED = 1000  # codes that the MMD is estimated from, at most
BLOCK = 256  # images whose pixels are float64 at once
PAIRS = 10  # of samples of the prior, for the MMD's noise


def verdict_inputs(
    stack: "Stack",
    images: np.ndarray,
    stage: str | None = None,
    seed: int = 0,
    attainable: float | None = None,
    posterior: tuple[np.ndarray, np.ndarray] | None = None,
    reconstructions: np.ndarray | None = None,
) -> dict[str, typing.Any]:
    """The arguments of `verdict` as a dict, measured of a stage (by default that of the inference code) on images.

    images: (n, *data_shape), held-out; a few hundred, the same each time, so that numbers of epochs compare.
    attainable: what the frozen stage below explains of them, posterior: their mean and standard deviation of the code,
    each (n, latent_dim), reconstructions: (n, *data_shape), of the mean; each where it is known already.
    """
    codec, images = codec_of(stack), checked_data(images, stack.data_shape)
    if len(images) < 2:
        raise ValueError("one image has no variance to explain, and no active dimensions; expected at least 2")
    checked_seed(seed)
    judged = stack.stage(stage)
    if posterior is not None and not (isinstance(posterior, tuple | list) and len(posterior) == 2):
        raise ValueError(f"posterior is {shown(posterior)}; expected (mean, stddev)")
    mean, stddev = stack.encode(images, stage=judged.name) if posterior is None else posterior
    if reconstructions is None:
        reconstructions = stack.decode(mean, stage=judged.name)
    reconstructions = checked_data(reconstructions, stack.data_shape, "reconstructions")
    if not len(images) == len(mean) == len(reconstructions):
        raise ValueError("images, posterior and reconstructions differ in number; expected one of each an image")
    table = latent_table(mean, stddev)
    law = table.law[table.active] if table.active.any() else table.law
    below = codec.below(judged.name)
    if attainable is None:
        attainable = 1.0
        if below:
            attainable = _explained(images, stack.decode(stack.encode(images, stage=below)[0], stage=below))
    numbers = {
        "explained": _explained(images, reconstructions),
        "attainable": number("attainable", attainable),
        "active": int(table.active.sum()),
        "latent_dim": judged.latent_dim,
        "effective_rank": effective_rank(mean, stddev),
        "stochastic": judged.stochastic,
        "has_prior": judged.has_prior,
        "second_stage": codec.is_second(judged.name),
    }
    if judged.stochastic:
        numbers["law_mean"], numbers["law_worst"] = float(law.mean()), float(law[np.argmax(np.abs(law - 1.0))])
        numbers["informative"] = int(table.informative.sum())
    if judged.has_prior:
        count = min(len(images), COMPARED)
        random = np.random.default_rng(seed)
        codes = mean[:count] + stddev[:count] * random.standard_normal((count, judged.latent_dim))
        numbers["mmd"] = _mmd(codes, random.standard_normal(codes.shape))
        numbers["mmd_noise"] = _mmd_noise(count, judged.latent_dim)
        if judged.gamma is not None and judged.gamma.falling and codec.error_space(judged.name) == "pixels":
            decoded = stack.decode(codes.astype(np.float32), stage=judged.name)
            numbers["gamma_excess"] = float(judged.gamma.value / _mean_square(images[:count], decoded))
    return numbers


def _explained(images, reconstructions):
    """1 - squared error / variance, of all pixels together."""
    mean = sum(_unit(images[rows]).sum(axis=0) for rows in _blocks(images)) / len(images)
    variance = _mean_square(images, np.broadcast_to(mean, images.shape))
    if variance == 0.0:
        raise ValueError("the images are all the same; expected different ones, which codes could tell apart")
    return float(1.0 - _mean_square(images, reconstructions) / variance)


def _mean_square(images, others):
    """Mean of (x - y)^2 over all pixels, in float64, which all at once may not fit in memory."""
    parts = (np.square(_unit(images[rows]) - others[rows]).sum() for rows in _blocks(images))
    return sum(parts) / np.size(images)


def _blocks(images):
    return Progress(blocks(len(images), BLOCK), "explained variance", unit="blocks", leave=False)


def _unit(images):
    return to_unit(tf.constant(images)).numpy().astype(np.float64)


def _mmd(a, b):
    return float(unbiased_mmd(tf.constant(a, tf.float32), tf.constant(b, tf.float32)))


@functools.lru_cache
def _mmd_noise(count, latent_dim):
    """Root mean square of the MMD between two samples of N(0, I)."""
    random = np.random.default_rng(0)
    values = [_mmd(*random.standard_normal((2, count, latent_dim))) for _ in range(PAIRS)]
    return float(np.sqrt(np.mean(np.square(values))))
