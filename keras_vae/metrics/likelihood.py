"""Likelihood by importance sampling (Burda et al. 2015, eq. (8)), and bits per dimension."""

import math
import typing
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import array, checked_count, checked_data, checked_examples, floats, function, number, whole
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks, to_unit
from keras_vae.maths.gaussians import log_likelihood
from keras_vae.models.codec import codec_of
from keras_vae.status import Progress

if typing.TYPE_CHECKING:
    from keras_vae.models.stack import Stack

BATCH = 500  # part of what the draws depend on, so it is no option


def nll_from_log_weights(log_weights: np.ndarray) -> np.ndarray:
    """-log(1/K sum_k w_k), (n,), from log_weights (K, n): log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x)."""
    log_weights = tf.convert_to_tensor(floats(log_weights, "log_weights"))
    if len(log_weights.shape) != 2 or not log_weights.shape[0]:
        raise ValueError(
            f"log_weights has shape {tuple(log_weights.shape)}; expected (samples, n), at least one sample"
        )
    return math.log(log_weights.shape[0]) - tf.reduce_logsumexp(log_weights, axis=0)


def importance_sampling(
    encode: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    decode: Callable[[np.ndarray], np.ndarray],
    gamma: float,
    images: np.ndarray,
    samples: int = 50,
    seed: int = 0,
) -> np.ndarray:
    """Upper bound on -log p(x) of each image in nats, (n,) float32, that falls to it as `samples` grows.

    encode    x (n, ...) float32 in [0, 1] -> mean, stddev of q(z|x), (n, latent_dim): the proposal. Positive stddev.
    decode    z (n, latent_dim) -> mu_x(z), of the shape of x.
    gamma     variance of p(x|z) = N(mu_x(z), gamma I). p(z) = N(0, I).
    images    uint8 or float32.
    The functions work on tensors: they are traced into one graph, whether they belong to a live model or are
    signatures of a loaded SavedModel. Weights are summed as they come, so memory does not grow with `samples`.
    The draws of image i depend on `seed` and i alone.
    """
    number("gamma", gamma, above=0)
    function(encode, "encode", "tensors")
    function(decode, "decode", "tensors")
    gamma = tf.constant(gamma, tf.float32)
    return _bound(encode, lambda x: lambda z, _: log_likelihood(x, decode(z), gamma), 0, images, samples, seed)


def _bound(encode, likelihood_of, noise_dim, images, samples, seed):
    """The bound where likelihood_of(x) is the function (z, noise) -> log p(x|z), noise (n, noise_dim)."""
    images, samples = checked_examples(images, "images"), checked_count(samples, "samples")
    checked_seed(seed)
    spec = tf.TensorSpec((None, *images.shape[1:]), tf.as_dtype(images.dtype))

    @tf.function(input_signature=[spec, tf.TensorSpec((), tf.int64)], autograph=False)
    def nll(x, start):
        x = to_unit(x)
        (mean, stddev), likelihood = encode(x), likelihood_of(x)
        rows, latent_dim = tf.shape(mean)[0], mean.shape[1]

        def add(k, total):
            # philox counts through a block row by row: a row is the same however many follow it
            shape = (rows, latent_dim + noise_dim)
            noise = tf.random.stateless_normal(shape, tf.stack([seed, start * 2**31 + k]), alg="philox")
            eps, noise = tf.split(noise, (latent_dim, noise_dim), axis=1)
            log_weight = likelihood(mean + stddev * eps, noise) + log_prior_over_posterior(mean, stddev, eps)
            return k + 1, tfp.math.log_add_exp(total, tf.ensure_shape(log_weight, total.shape))

        none = tf.zeros((), tf.int64), tf.fill((rows,), -math.inf)
        return math.log(samples) - tf.while_loop(lambda k, _: k < samples, add, none)[1]

    bar = Progress(blocks(len(images), BATCH), f"likelihood, {samples} draws", unit="batches")
    found = np.concatenate([nll(images[block], number).numpy() for number, block in enumerate(bar)])
    if wrong := np.sum(~np.isfinite(found)):
        raise ValueError(
            f"the likelihood of {wrong} of {len(found)} images is not finite: encode must give finite means and "
            "positive deviations (a deterministic encoder gives zeros and has no likelihood), decode finite images"
        )
    return found


def log_prior_over_posterior(mean, stddev, eps):
    """log p(z) - log q(z|x) at z = mean + stddev eps, (n,).

    The normalisers (2 pi)^(-1/2) of p(z) and q(z|x) cancel, and the density of z under q is that of eps, scaled.
    """
    z = mean + stddev * eps
    return tf.reduce_sum(0.5 * (tf.square(eps) - tf.square(z)) + tf.math.log(stddev), axis=-1)


def importance_weighted_nll(stack: "Stack", images: np.ndarray, samples: int = 50, seed: int = 0) -> np.ndarray:
    """Nats per image, (n,): the importance-weighted bound of Burda et al. (2015) with q(z|x) as the proposal.

    stack   a Stack, or its Codec.
    z is the inference code and p(x|z) the density of continuous x in [0, 1]^d, so the result is usually negative (Table
    1 of regularisation balance). Codes that a stage models in its own space pass down with noise of their own.
    A deterministic inference stage has no likelihood: ValueError.
    """
    codec = codec_of(stack)
    name, stage = codec.inference_stage, codec.stage()
    if not stage.stochastic:
        raise ValueError(
            f"stack has a deterministic inference stage, {name!r} ({type(stage).__name__}): with one code per image "
            "there is no q(z|x) to draw from and no likelihood; expected a stack whose inference stage is a GaussianVAE"
        )
    images = checked_data(images, codec.data_shape)
    return _bound(codec.encode, codec.log_likelihood, codec.code_noise_dim(), images, samples, seed)


def second_stage_nll(stack: "Stack", images: np.ndarray, samples: int = 50, seed: int = 0) -> np.ndarray:
    """-log p(z) of one draw z ~ q(z|x) of each image under the top stage, (n,) nats: what a second stage is fitted to.

    Exact for a mixture; for a VAE the importance-weighted bound. A top stage that models no codes in their own space
    raises ValueError.
    """
    codec, name = codec_of(stack), stack.stages[-1]
    stage, below = stack.stage(name), codec.below(name)
    if below is None or not codec.is_second(name) or codec.error_space(name) != "own":
        raise ValueError(f"stage {name!r} is no second stage on codes; its stack has: {', '.join(stack.stages)}")
    checked_seed(seed)
    mean, stddev = stack.encode(images, below)
    # a stream of its own: the draws that the stage was judged by in training must not come again
    codes = mean + stddev * np.random.default_rng([seed, 2]).standard_normal(mean.shape)
    codes = codes.astype(np.float32)
    if stage.ex_post:
        return -np.concatenate([stage.log_density(codes[block]) for block in blocks(len(codes), BATCH)])
    return importance_sampling(stage.encode, stage.decode, float(stage.gamma.value), codes, samples, seed)


def bits_per_dim(nll: np.ndarray, shape: Sequence[int], levels: int = 256) -> np.ndarray:
    """`nll` (n,), nats per image of a density on [0, 1]^d, d = prod(shape), as bits per dimension.

    levels    number of grey levels of the pixels, so 1/(levels - 1) apart (256: 8 bits). Density times that spacing
              stands for a probability, which adds log2(levels - 1) bits. None: bits of the density itself.

    It bounds a code length only for data to which noise of the width of one level was added; on bare 8-bit images a
    density can rise without bound between the levels, and this number can be negative.
    """
    nll, shape = (
        floats(nll, "nll"),
        tuple(whole("each of shape", each) for each in array(shape, "shape").reshape(-1).tolist()),
    )
    if not np.isfinite(nll).all():
        raise ValueError("nll has values that are NaN or infinite; expected finite numbers")
    if not shape:
        raise ValueError("shape is empty; expected that of an image, (28, 28, 1) say")
    if levels is not None and number("levels", levels) < 2:
        raise ValueError(f"levels is {levels}; expected at least 2, or None for the density itself")
    offset = 0.0 if levels is None else math.log2(levels - 1)
    return nll / (math.prod(shape) * math.log(2.0)) + offset
