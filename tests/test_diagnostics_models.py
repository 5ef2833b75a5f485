"""Diagnostics of models against closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.diagnostics import (
    decoder_gain,
    gradient_norm,
    loss_slices,
    noise_probe,
    reconstruction_gain,
)
from keras_vae.maths.gaussians import kl_divergence, log_likelihood
from keras_vae.models import Autoencoder, DecoderVariance, GaussianVAE, Stack
from keras_vae.networks import affine
from tests import tiny

GAMMA = 0.3


def affine_vae(dimension=6, latent_dim=3, model=GaussianVAE):
    keras.utils.set_random_seed(2)
    stochastic = model is GaussianVAE
    networks = affine.encoder((dimension,), latent_dim, stochastic=stochastic), affine.decoder(latent_dim, (dimension,))
    vae = model(*networks, gamma=DecoderVariance("fixed", initial=GAMMA, name="gamma"), name="vae")
    if stochastic:  # a posterior deviation other than 1
        for variable in vae.encoder.trainable_variables:
            if variable.shape[0] == 1:
                variable.assign(tf.fill(variable.shape, -1.0))
    return vae


def points(count=40, dimension=6):
    return np.random.default_rng(3).standard_normal((count, dimension)).astype(np.float32)


def affine_parts(vae, x):
    """W (latent, d), b (d), means, stddevs and residuals x - W mu - b."""
    W, b = vae.decoder.get_layer("first").get_weights()
    mean, stddev = (np.asarray(part) for part in vae.encode(x))
    return W, mean, stddev, x - mean @ W - b


def test_gain_of_an_affine_decoder_is_its_closed_form():
    """||x - W mu + w_k mu_k||^2 - ||x - W mu||^2 = ||w_k||^2 mu_k^2 + 2 mu_k w_k . (x - W mu - b), in the mean."""
    vae, x = affine_vae(), points()
    W, mean, _, residual = affine_parts(vae, x)
    expected = np.sum(W**2, axis=1) * np.mean(mean**2, axis=0) + 2.0 * np.mean(mean * (residual @ W.T), axis=0)
    np.testing.assert_allclose(reconstruction_gain(Stack([vae]), x), expected, rtol=1e-4)
    # Where residuals are orthogonal to w_k, as at the optimum, the second term vanishes.
    gain = decoder_gain(vae.decoder, mean, vae.decoder(mean))
    np.testing.assert_allclose(gain, np.sum(W**2, axis=1) * np.mean(mean**2, axis=0), rtol=1e-4)


def test_gain_of_many_examples_equals_the_plain_loop():
    stack, images = Stack([tiny.vae()]), tiny.images(600)
    mean, _ = stack.encode(images)
    x = images / np.float32(255)

    def error(codes):
        return np.mean(np.sum((x - stack.decode(codes)) ** 2, axis=(1, 2, 3)))

    expected = [error(mean * (np.arange(3) != k)) - error(mean) for k in range(3)]
    np.testing.assert_allclose(reconstruction_gain(stack, images), expected, rtol=1e-3, atol=1e-5)


def test_gain_of_a_collapsed_dimension_is_zero():
    codes = np.random.default_rng(0).standard_normal((20, 3))
    gain = decoder_gain(lambda z: z[:, :2], codes, codes[:, :2])
    np.testing.assert_allclose(gain, [*np.mean(codes[:, :2] ** 2, axis=0), 0.0], rtol=1e-5)


def test_noise_probe_of_an_affine_decoder_is_its_closed_form():
    vae, x = affine_vae(), points()
    W, mean, stddev, _ = affine_parts(vae, x)
    deviations, k = np.array([0.0, 0.5, 2.0]), 1
    probe = noise_probe(Stack([vae]), x, k, deviations)
    clean = reconstruction_gain(Stack([vae]), x)[k]
    variance = stddev[:, k].astype(np.float64) ** 2 + deviations[:, None] ** 2
    np.testing.assert_allclose(probe.gain, clean - np.sum(W[k] ** 2) * variance.mean(axis=1), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(probe.gain_in_nats, probe.gain / (2 * GAMMA), rtol=1e-5)
    kl = 0.5 * (mean[:, k] ** 2 + variance - np.log(variance) - 1.0).mean(axis=1)
    np.testing.assert_allclose(probe.kl, kl, rtol=1e-5)
    assert probe.worth_keeping.tolist() == (probe.gain_in_nats > kl).tolist()


@pytest.mark.parametrize("wrapped", [False, True])
def test_gradient_norm_of_an_affine_autoencoder(wrapped):
    """dL/dz = -2 W (x - mu_x(z)) of the squared error."""
    model, x = affine_vae(model=Autoencoder), points()
    W, _, _, residual = affine_parts(model, x)
    norms = gradient_norm(Stack([model]) if wrapped else model, x, batch_size=16)
    np.testing.assert_allclose(norms, 2.0 * np.linalg.norm(residual @ W.T, axis=1), rtol=1e-4)


def test_gradient_norm_disturbs_nothing_and_is_that_of_a_train_step():
    stack, images = Stack([tiny.vae()]), tiny.images(32)
    stack.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    counter, eager = stack.stage().noise.counter, stack.run_eagerly
    norms = gradient_norm(stack, images)
    assert int(counter.numpy()) == 0 and stack.run_eagerly == eager
    history = stack.fit(tf.data.Dataset.from_tensors(images), verbose=0, shuffle=False).history
    assert history["gradient_norm"][0] == pytest.approx(norms.mean(), rel=1e-4), "the same draw of noise"


def test_gradient_norm_of_a_second_stage_takes_images():
    stack = Stack([tiny.vae(), affine_vae(dimension=3, latent_dim=2).from_config(_renamed("second"))])
    norms = gradient_norm(stack, tiny.images(10))
    assert norms.shape == (10,) and (norms > 0).all() and int(stack.draws.counter.numpy()) == 0


def _renamed(name):
    return {**affine_vae(dimension=3, latent_dim=2).get_config(), "name": name}


def test_loss_slice_equals_direct_evaluation():
    model, images = tiny.vae(beta=0.7), tiny.images(6)
    x = images / np.float32(255)
    kernel, bias = model.decoder.get_layer("last").trainable_variables
    before = tiny.weights(model)
    step = np.random.default_rng(0).standard_normal(kernel.shape).astype(np.float32)
    gammas, positions = [0.01, 1.0], [-1.0, 0.0, 0.5]
    slices = loss_slices(model, images, [(kernel, step), bias], positions, gammas, draws=2000)
    assert slices.shape == (2, 3)
    np.testing.assert_array_equal(tiny.weights(model), before)
    again = loss_slices(model, images, [(kernel, step), bias], positions, gammas, draws=2000)
    np.testing.assert_array_equal(slices, again)

    kernel.assign_add(0.5 * step)
    only_kernel = loss_slices(model, images, [(kernel, 0.0 * step)], [0.0], gammas, draws=2000)[:, 0]
    mean, stddev = model.encode(x)
    random = np.random.default_rng(1)
    draws = random.standard_normal((500, *mean.shape)).astype(np.float32)
    x_hat = model.decode(np.reshape(mean + stddev * draws, (-1, mean.shape[1])))
    for gamma, found in zip(gammas, only_kernel):
        fits = np.reshape(log_likelihood(np.tile(x, (500, 1, 1, 1)), x_hat, gamma), (500, -1))
        losses = np.mean(0.7 * kl_divergence(mean, stddev) - fits, axis=1)
        noise = 5.0 * np.std(losses) / np.sqrt(500)
        assert found == pytest.approx(np.mean(losses), abs=noise, rel=1e-4)


def test_slice_without_noise_is_exact():
    vae, x = affine_vae(), points()
    for variable in vae.encoder.trainable_variables:
        if variable.shape[0] == 1:
            variable.assign(tf.fill(variable.shape, -24.0))  # log variance: the draws hardly matter
    _, mean, stddev, residual = affine_parts(vae, x)
    found = loss_slices(vae, x, [vae.decoder.trainable_variables[0]], [0.0], [0.1, 0.5], draws=2)[:, 0]
    kl = np.mean(kl_divergence(mean, stddev))
    expected = [np.mean(np.sum(residual**2, axis=1)) / (2 * g) + 3.0 * np.log(2 * np.pi * g) + kl for g in (0.1, 0.5)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"direction": []}, "direction is empty"),
        ({"draws": 3}, "draws is 3"),
        ({"gammas": [0.0]}, "gammas"),
    ],
)
def test_wrong_slices_are_named(arguments, message):
    model = tiny.vae()
    defaults = {"direction": model.decoder.trainable_variables, "positions": [0.0], "gammas": [1.0]}
    with pytest.raises(ValueError, match=message):
        loss_slices(model, tiny.images(2), **{**defaults, **arguments})


def test_wrong_arguments_are_named():
    stack = Stack([tiny.vae()])
    with pytest.raises(ValueError, match="dimension is 7"):
        noise_probe(stack, tiny.images(2), 7)
    with pytest.raises(ValueError, match=r"targets has shape \(1, 3\); expected one for each"):
        decoder_gain(lambda z: z, np.zeros((2, 3)), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="images has shape"):
        reconstruction_gain(stack, np.zeros((2, 3), np.float32))
