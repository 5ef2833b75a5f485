"""Theorem 1, in closed form and trained."""

import numpy as np
import pytest
from scipy import optimize

import keras_vae as kv
from keras_vae.presets import affine


def energy(W_x, b_x, W_z, b_z, s2, gamma, x):
    """Eq. (3) of regularisation balance, in nats with its constants, without a closed form for anything."""
    d = x.shape[1]
    mu_z = x @ W_z.T + b_z
    error = np.sum((x - mu_z @ W_x.T - b_x) ** 2, axis=1).mean() + np.sum(s2 * np.sum(W_x**2, axis=0))
    kl = 0.5 * np.sum(s2 - np.log(s2) - 1) + 0.5 * np.sum(mu_z**2, axis=1).mean()
    return 0.5 * error / gamma + 0.5 * d * np.log(2 * np.pi * gamma) + kl


def test_affine_optimum_is_what_minimisation_finds():
    random = np.random.default_rng(0)
    x = random.standard_normal((200, 2)) @ random.standard_normal((2, 4)) + 0.1 * random.standard_normal((200, 4))
    gamma, kappa, d = 0.05, 3, 4
    sizes = np.cumsum([d * kappa, d, kappa * d, kappa, kappa])

    def loss(flat):
        W_x, b_x, W_z, b_z, log_s2 = np.split(flat, sizes[:-1])
        return energy(W_x.reshape(d, kappa), b_x, W_z.reshape(kappa, d), b_z, np.exp(log_s2), gamma, x)

    found = min(optimize.minimize(loss, random.standard_normal(sizes[-1]), method="L-BFGS-B").fun for _ in range(3))
    optimum = kv.theory.affine_optimum(np.cov(x.T, bias=True), gamma, kappa)
    assert optimum.loss == pytest.approx(found, abs=1e-4)
    assert optimum.loss <= found + 1e-9
    norms = np.sum(optimum.W**2, axis=0)
    assert np.sum(norms > 0) == 2
    np.testing.assert_allclose(optimum.s2, 1 / (norms / gamma + 1))


def test_a_trained_affine_vae_reaches_the_optimum(tmp_path):
    """Within 1e-3 nats, with exactly r = 3 of kappa = 8 dimensions active."""
    stack = kv.train(affine.quick(), tmp_path / "run")
    stage, x = stack.stage("vae"), kv.data.load("subspace", "train").astype(np.float64)
    first, mean = stage.decoder.get_layer("first"), stage.encoder.get_layer("mean")
    (W_x, b_x), (W_z, b_z) = ([w.astype(np.float64) for w in layer.get_weights()] for layer in (first, mean))
    s2 = np.square(stage.encode(x[:1].astype(np.float32))[1].numpy()[0].astype(np.float64))
    gamma = float(stage.gamma.value)
    optimum = kv.theory.affine_optimum(np.cov(x.T, bias=True), gamma, 8)
    assert 0 <= energy(W_x.T, b_x, W_z.T, b_z, s2, gamma, x) - optimum.loss < 1e-3
    assert stack.active_dims.sum() == 3
    np.testing.assert_allclose(
        np.sort(np.sum(W_x**2, axis=1)), np.sort(np.sum(optimum.W**2, axis=0)), rtol=0.02, atol=1e-3
    )
