"""Importance sampling against the exact likelihood of linear-Gaussian models."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import keras_vae as kv
from keras_vae import metrics
from keras_vae.models import Autoencoder, DecoderVariance, GaussianVAE, Stack
from keras_vae.networks import affine
from tests import tiny

D, KAPPA, GAMMA = 6, 3, 0.05


def linear_gaussian(orthogonal=True, off=0.0):
    """A stack x = W z + b + N(0, gamma I) with its exact posterior (if W is orthogonal), and its marginal."""
    random = np.random.default_rng(3)
    W = random.standard_normal((D, KAPPA))
    W = np.linalg.qr(W)[0] * [2.0, 1.0, 0.5] if orthogonal else W
    b = random.standard_normal(D)
    precision = W.T @ W / GAMMA + np.eye(KAPPA)
    W_z = np.linalg.solve(precision, W.T) / GAMMA
    stage = GaussianVAE(
        affine.encoder((D,), KAPPA), affine.decoder(KAPPA, (D,)), gamma=DecoderVariance("fixed", GAMMA), name="vae"
    )
    stage.encoder.get_layer("mean").set_weights([W_z.T, off - W_z @ b])
    stage.encoder.get_layer("log_variance").set_weights([-np.log(np.diag(precision))[None]])
    stage.decoder.get_layer("first").set_weights([W.T, b])
    return Stack([stage]), stats.multivariate_normal(b, W @ W.T + GAMMA * np.eye(D))


def test_exact_with_the_exact_posterior_whatever_the_number_of_samples():
    """Every weight equals p(x), that of probabilistic PCA; 700 points end inside a batch."""
    stack, marginal = linear_gaussian()
    x = marginal.rvs(700, random_state=0).astype(np.float32)
    for samples in (1, 7):
        nll = metrics.importance_weighted_nll(stack, x, samples=samples)
        np.testing.assert_allclose(nll, -marginal.logpdf(x), atol=2e-3)


@pytest.mark.parametrize("options", [{"orthogonal": False}, {"off": 0.1}])
def test_converges_from_above_with_another_proposal(options):
    stack, marginal = linear_gaussian(**options)
    x = marginal.rvs(200, random_state=0).astype(np.float32)
    exact = -marginal.logpdf(x)
    gaps = [np.mean(metrics.importance_weighted_nll(stack, x, samples=k) - exact) for k in (1, 10, 3000)]
    assert gaps[0] > gaps[1] > gaps[2] > -0.01
    assert gaps[0] > 0.05 and gaps[2] < 0.05


def test_one_sample_is_the_elbo():
    """On average: against the energy of an affine VAE in closed form."""
    stack, marginal = linear_gaussian(off=0.1)
    x = marginal.rvs(4000, random_state=0).astype(np.float32)
    mean, stddev = stack.encode(x)
    W = stack.stage().decoder.get_layer("first").get_weights()[0]
    error = np.sum((x - stack.decode(mean)) ** 2, axis=1) + np.sum(stddev**2 * np.sum(W**2, axis=1), axis=1)
    kl = 0.5 * np.sum(stddev**2 + mean**2 - 1 - 2 * np.log(stddev), axis=1)
    negative_elbo = 0.5 * error / GAMMA + 0.5 * D * np.log(2 * np.pi * GAMMA) + kl
    nll = metrics.importance_weighted_nll(stack, x, samples=1)
    noise = np.std(nll - negative_elbo) / np.sqrt(len(x))
    assert noise < 0.05 and np.mean(nll) == pytest.approx(np.mean(negative_elbo), abs=5 * noise)


def test_an_image_does_not_depend_on_the_others_and_the_seed_counts():
    stack, marginal = linear_gaussian(off=0.1)
    x = marginal.rvs(620, random_state=0).astype(np.float32)
    nll = metrics.importance_weighted_nll(stack, x, samples=5)
    np.testing.assert_array_equal(nll, metrics.importance_weighted_nll(stack, x, samples=5))
    np.testing.assert_allclose(nll[:510], metrics.importance_weighted_nll(stack, x[:510], samples=5), atol=1e-4)
    assert np.abs(nll - metrics.importance_weighted_nll(stack, x, samples=5, seed=1)).max() > 0.1


def test_streaming_is_the_log_sum_exp_of_all_weights():
    """The pure core on a matrix of log weights, and weights far outside what exp can hold."""
    log_weights = np.random.default_rng(0).normal(-2000.0, 30.0, (9, 4))
    expected = np.log(9) - special.logsumexp(log_weights, axis=0)
    np.testing.assert_allclose(metrics.nll_from_log_weights(log_weights), expected)


def test_a_saved_model_is_measured_by_the_same_code(tmp_path):
    stack, marginal = linear_gaussian(off=0.1)
    x = marginal.rvs(20, random_state=0).astype(np.float32)
    module = tf.Module()
    module.stack = stack.stage()
    spec = tf.TensorSpec((None, D), tf.float32)
    module.encode = tf.function(lambda x: dict(zip(("mean", "stddev"), stack.codec.encode(x))), input_signature=[spec])
    code = tf.TensorSpec((None, KAPPA), tf.float32)
    module.decode = tf.function(lambda z: {"images": stack.codec.decode(z)}, input_signature=[code])
    tf.saved_model.save(module, str(tmp_path), signatures={"encode": module.encode, "decode": module.decode})
    loaded = tf.saved_model.load(str(tmp_path))
    signatures = loaded.signatures

    def encode(x):
        code = signatures["encode"](x=x)
        return code["mean"], code["stddev"]

    def decode(z):
        return signatures["decode"](z=z)["images"]

    found = metrics.importance_sampling(encode, decode, GAMMA, x, samples=5)
    np.testing.assert_allclose(found, metrics.importance_weighted_nll(stack, x, samples=5), atol=1e-3)


def test_images_in_a_stack_measure_in_pixels():
    """AE + VAE in the pixels: q and gamma are the VAE's; uint8 and float agree."""
    keras.utils.set_random_seed(0)
    ae = Autoencoder(*tiny.networks(4, stochastic=False), name="ae")
    above = affine.encoder((4,), 2), affine.decoder(2, (4,))
    vae = GaussianVAE(*above, gamma=DecoderVariance("fixed", 0.02), error_space="pixels", name="vae")
    stack, x = Stack([ae, vae]), tiny.images(5)
    nll = metrics.importance_weighted_nll(stack, x, samples=2000)
    floats = metrics.importance_weighted_nll(stack, x / np.float32(255), samples=2000)
    np.testing.assert_allclose(nll, floats, atol=1e-3)
    assert nll.mean() < -stack.score(x)["elbo"].mean()
    z = np.random.default_rng(0).standard_normal((100_000, 2)).astype(np.float32)  # the prior as the proposal
    error = np.sum(np.square(stack.decode(z)[:, None] - x / np.float32(255)), axis=(2, 3, 4))
    log_likelihood = -0.5 * error / 0.02 - 12 * np.log(2 * np.pi * 0.02)
    np.testing.assert_allclose(nll, np.log(100_000) - special.logsumexp(log_likelihood, axis=0), atol=0.1)


def test_a_deterministic_inference_stage_has_no_likelihood():
    stack = Stack([Autoencoder(*tiny.networks(stochastic=False), name="ae")])
    with pytest.raises(ValueError, match="deterministic inference stage, 'ae'"):
        metrics.importance_weighted_nll(stack, tiny.images(3))
    x = np.zeros((2, D), np.float32)
    with pytest.raises(ValueError, match="likelihood of 2 of 2 images is not finite: encode must give"):
        metrics.importance_sampling(lambda x: (x, tf.zeros_like(x)), lambda z: z, GAMMA, x)
    with pytest.raises(ValueError, match="gamma must be a finite number above 0, not 0.0"):
        metrics.importance_sampling(lambda x: (x, tf.ones_like(x)), lambda z: z, 0.0, x)
    with pytest.raises(ValueError, match="samples is 0"):
        metrics.importance_weighted_nll(linear_gaussian()[0], np.zeros((1, D), np.float32), samples=0)


def test_bits_per_dim():
    """8-bit noise: density 1 on [0, 1]^d, so 0 nats, is log2(255) bits by spacing; None is the density itself."""
    assert metrics.bits_per_dim([0.0, 784 * np.log(2.0)], (28, 28, 1), levels=None).tolist() == [0.0, 1.0]
    assert metrics.bits_per_dim(0.0, (28, 28, 1)) == pytest.approx(np.log2(255))
    with pytest.raises(ValueError, match="levels is 1"):
        metrics.bits_per_dim(0.0, (2,), levels=1)


@pytest.mark.real_data
@pytest.mark.slow
def test_all_of_mnist(real_data_dir):
    """10,000 images x 50 draws through the network of Table 1, untrained: a finite bound for each."""
    from keras_vae.networks import residual_mlp

    stage = GaussianVAE(residual_mlp.encoder((28, 28, 1), 200), residual_mlp.decoder(200, (28, 28, 1)), name="vae")
    images = kv.data.load("mnist", "test", data_dir=real_data_dir)
    nll = metrics.importance_weighted_nll(Stack([stage]), images, samples=50)
    assert nll.shape == (10_000,) and np.isfinite(nll).all()
