"""Lemmas 2 and 3, the variance law, and the ELBO."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

from keras_vae.diagnostics import variance_law as measured
from keras_vae.theory import affine, elbo, local_minima, reductions, variance_law
from keras_vae.theory._minimise import minimise


@pytest.mark.parametrize("u", [1e-6, 0.3, 5.0])
@pytest.mark.parametrize("gamma", [1e-4, 1.0])
def test_the_scaled_penalty_is_a_minimum(u, gamma):
    def cost(log):
        return np.log1p(np.exp(log) / gamma) + u / np.exp(log)

    found = optimize.minimize_scalar(cost, bounds=(-30, 30), method="bounded", options={"xatol": 1e-10})
    assert reductions.scaled_penalty(u, gamma) == pytest.approx(found.fun)


def test_an_unused_dimension_costs_nothing_and_a_used_one_log_gamma():
    assert reductions.scaled_penalty(0, 1e-8) == 0
    used = [reductions.scaled_penalty(0.5, gamma) for gamma in (1e-8, 1e-6)]
    assert used[0] - used[1] == pytest.approx(np.log(100), abs=1e-4)


def test_lemma_2_orders_bases_as_eq_7_does():
    """Perfect bases of the same subspace: the VAE's loss and (I_infinity, log) agree on which is best."""
    random = np.random.default_rng(5)
    matrix = random.standard_normal((5, 2))
    covariance, generic, losses = matrix @ matrix.T, [], []
    for _ in range(6):
        columns = matrix @ random.standard_normal((2, 2))
        columns /= np.linalg.norm(columns, axis=0)
        generic.append(np.sum(np.log(reductions.code_mean_squares(columns, covariance))))
        losses.append(reductions.energy_at_best_scales(columns, 1e-8, covariance))
    assert (np.argsort(generic) == np.argsort(losses)).all()
    np.testing.assert_allclose(np.diff(losses), np.diff(generic), atol=1e-3)


def test_lemma_3_for_another_decoder():
    random = np.random.default_rng(2)
    x, z, weights = (random.standard_normal(shape) for shape in ((10, 4), (10, 2), (2, 4)))
    noise = np.stack([np.ones((10, 2)), -np.ones((10, 2))])

    def decoder(z):
        return np.sin(z @ weights) + (z @ weights) ** 2

    error = np.mean(np.square(x - decoder(z)))
    generic = 4 * np.log(error) + np.sum(np.log(np.mean(z**2, axis=0)))
    for sigma in (1e-3, 1e-4):
        loss = reductions.vae_energy(x, z, sigma, decoder, noise, np.log)
        assert loss - reductions.lemma_3_constants(4, 2, sigma) == pytest.approx(generic, abs=100 * sigma**2)


def test_the_law_holds_at_any_stationary_scale_and_for_the_diagnostic():
    """Posteriors of a decoder with random directions, at their best scales: the diagnostic on points reads 1."""
    random = np.random.default_rng(0)
    x = random.standard_normal((300, 4)) @ random.standard_normal((4, 4))
    covariance, gamma = np.cov(x.T, bias=True), 0.2
    directions = np.linalg.qr(random.standard_normal((4, 2)))[0]
    log, _ = minimise(lambda log: affine.reduced_energy(directions * tf.exp(log), gamma, covariance), np.zeros((1, 2)))
    W = directions * np.exp(log[0])
    W_z, b_z = affine.optimal_encoder(W, x.mean(axis=0), gamma)
    stddevs = np.tile(np.sqrt(affine.optimal_variances(W, gamma)), (300, 1))
    np.testing.assert_allclose(measured(x @ W_z.numpy().T + b_z, stddevs), 1, atol=1e-5)
    np.testing.assert_allclose(variance_law.law_of_decoder(W, gamma, covariance), 1, atol=1e-5)
    assert np.abs(variance_law.law_of_decoder(1.5 * W, gamma, covariance) - 1).max() > 0.05


@pytest.mark.parametrize("seed", [1, 2])
def test_the_loss_is_the_likelihood_and_the_divergence_from_the_posterior(seed):
    x, vae, gamma = np.random.default_rng(seed).standard_normal((40, 4)), affine.random_vae(4, 3, seed), 0.4
    mean, centred = x.mean(axis=0), x - vae.b_x
    likelihood = local_minima.negative_log_likelihood(vae.W_x, mean, centred.T @ centred / 40, gamma)
    gap = elbo.divergence_from_posterior(vae, gamma, x)
    assert float(elbo.loss(vae, gamma, mean, np.cov(x.T, bias=True))) == pytest.approx(likelihood + gap)
