"""Reconstruction gain of latent dimensions, and the worth of a dimension under added noise."""

import dataclasses
import typing
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from keras_vae.checks import array, checked_data, checked_rows, floats, function, not_negative, shown, whole
from keras_vae.maths.arrays import blocks, to_unit
from keras_vae.maths.gaussians import kl_terms, squared_error
from keras_vae.models.codec import codec_of
from keras_vae.status import Progress

if typing.TYPE_CHECKING:
    from keras_vae.models.stack import Stack

BATCH = 256
DEVIATIONS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)
NODES = 16  # of Gauss-Hermite quadrature: exact for a decoder that is a polynomial of degree 15 in the dimension


def reconstruction_gain(
    stack: "Stack", images: np.ndarray, stage: str | None = None, dimensions: Sequence[int] | None = None
) -> np.ndarray:
    """The squared error in pixels that zeroing each dimension of the posterior mean adds, (latent_dim,).

    Variable collapse, section 5: near zero for a collapsed dimension. `stage`: of the inference code by default.
    images: (n, H, W, C), uint8 or float32 in [0, 1]. dimensions: as of decoder_gain.
    """
    codec_of(stack)
    images = checked_data(images, stack.data_shape)
    mean, _ = stack.encode(images, stage=stage)
    return decoder_gain(lambda z: stack.decode(z, stage), mean, to_unit(images), dimensions)


def decoder_gain(
    decode: Callable, codes: np.ndarray, targets: np.ndarray, dimensions: Sequence[int] | None = None
) -> np.ndarray:
    """The squared error that zeroing each code dimension adds, (latent_dim,): variable collapse, section 5.

    It is the mean over examples of ||x - decode(z with z_k = 0)||^2 - ||x - decode(z)||^2.
    decode: a function (or Keras model) of arrays z (n, latent_dim) -> (n, ...).
    codes: (n, latent_dim) posterior means; targets: (n, ...), what decode(codes) should equal.
    dimensions: numbers of those that are measured, in the order of the result; all by default.
    """
    function(decode, "decode", "arrays")
    codes = checked_rows(codes, "codes", least=1).astype(np.float32)
    targets = floats(targets, "targets").astype(np.float32)
    if not np.isfinite(targets).all():
        raise ValueError("targets has values that are NaN or infinite; expected finite numbers")
    if targets.shape[:1] != (len(codes),):
        raise ValueError(f"targets has shape {targets.shape}; expected one for each of the {len(codes)} codes")
    latent_dim = codes.shape[1]
    chosen = range(latent_dim) if dimensions is None else array(dimensions, "dimensions").tolist()
    if not isinstance(chosen, list | range) or not all(
        0 <= whole("each of dimensions", each, least=0) < latent_dim for each in chosen
    ):
        raise ValueError(f"dimensions is {shown(dimensions)}; expected some of 0 to {latent_dim - 1}")

    def error(kept):
        total = 0.0
        for rows in blocks(len(codes), BATCH):
            decoded = tf.convert_to_tensor(decode(codes[rows] * kept))
            if decoded.shape != targets[rows].shape:
                raise ValueError(f"decode gives {decoded.shape} for targets {targets[rows].shape}; expected the same")
            total += float(tf.reduce_sum(squared_error(targets[rows], decoded)))
        return total / len(codes)

    ones, zeroed = np.ones(latent_dim, np.float32), 1.0 - np.eye(latent_dim, dtype=np.float32)[chosen]
    unchanged, bar = error(ones), Progress(zeroed, "reconstruction gain", unit="dimensions")
    return np.asarray([error(kept) for kept in bar]) - unchanged


@dataclasses.dataclass(frozen=True)
class NoiseProbe:
    """One value per deviation of the added noise, each an array (len(deviations),)."""

    deviations: np.ndarray
    gain: np.ndarray  # squared error that zeroing the noisy dimension would add; negative where zeroing is better
    gain_in_nats: np.ndarray  # gain / (2 gamma): what the reconstruction term of the loss makes of it
    kl: np.ndarray  # of the dimension, in nats

    @property
    def worth_keeping(self) -> np.ndarray:
        """Bool per deviation: while the gain exceeds the KL, the dimension lowers the loss; beyond, it collapses."""
        return self.gain_in_nats > self.kl


def noise_probe(
    stack: "Stack",
    images: np.ndarray,
    dimension: int,
    deviations: Sequence[float] = DEVIATIONS,
    stage: str | None = None,
) -> NoiseProbe:
    """NoiseProbe of one dimension: variable collapse, Fig. 7, as a measurement at fixed weights.

    z_k ~ N(mu_k, sigma_k^2 + deviation^2), the other dimensions at their means. The expectation over z_k is by
    quadrature, so the result has no noise of its own. Fig. 7 trains between increments: there the network reacts.
    """
    codec_of(stack)
    images = checked_data(images, stack.data_shape)
    mean, stddev = stack.encode(images, stage=stage)
    latent_dim = mean.shape[1]
    if not 0 <= whole("dimension", dimension, least=0) < latent_dim:
        raise ValueError(f"dimension is {dimension}; expected one of 0 to {latent_dim - 1}")
    deviations = [not_negative("each of deviations", each) for each in np.atleast_1d(floats(deviations, "deviations"))]
    if not stack.stage(stage).stochastic:
        raise ValueError(f"stage {stack.stage(stage).name!r} is deterministic; expected one with a KL term")
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    column = tf.one_hot(dimension, latent_dim)

    @tf.function(reduce_retracing=True, autograph=False)
    def batch_error(x, z, values):
        z = z * (1.0 - column) + values[:, None] * column
        return tf.reduce_sum(squared_error(to_unit(x), stack.codec.decode(z, stage)))

    def error(values):
        """Mean squared error with z_k = values (n,)."""
        arrays = (images, mean, values.astype(np.float32))
        batches = ([array[rows] for array in arrays] for rows in blocks(len(images), BATCH))
        return sum(float(batch_error(*map(tf.constant, batch))) for batch in batches) / len(images)

    mu, variance = mean[:, dimension].astype(np.float64), np.square(stddev[:, dimension], dtype=np.float64)
    zeroed, gain, kl = error(np.zeros(len(mean))), [], []
    for deviation in Progress(deviations, "noise probe", unit="deviations"):
        total = variance + deviation**2
        errors = [error(mu + node * np.sqrt(total)) for node in nodes]
        gain.append(zeroed - float(np.dot(weights, errors)))
        kl.append(np.mean(kl_terms(mu, np.sqrt(total))))
    gains, gamma = np.asarray(gain), float(stack.codec.gamma(stage))
    return NoiseProbe(np.asarray(deviations, np.float64), gains, gains / (2.0 * gamma), np.asarray(kl))
