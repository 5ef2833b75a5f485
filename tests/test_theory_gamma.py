"""The optimal gamma, the divergence of the loss, beta, and slices."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import data
from keras_vae.diagnostics import loss_slices
from keras_vae.models import GaussianVAE
from keras_vae.networks import affine as networks
from keras_vae.theory import affine, beta
from keras_vae.theory._minimise import minimise
from keras_vae.theory.smoothing import valleys


@pytest.mark.parametrize("d, rank, latent_dim, weight", [(6, 2, 3, 1.0), (4, 2, 2, 3.0)])
def test_the_slope_of_minimised_energies(d, rank, latent_dim, weight):
    """Not of the closed form: eq. (3) with beta is minimised at two gammas, on the points of `subspace`."""
    x = data.load("subspace", "test", dimension=d, rank=rank, count=500).astype(np.float64)
    mean, covariance = x.mean(axis=0), np.cov(x.T, bias=True)
    energies = []
    for gamma in (1e-3, 1e-2):

        def energy(point, gamma=gamma):
            W_x, W_z, log_s2 = tf.split(point, [d * latent_dim, d * latent_dim, latent_dim])
            W_z = tf.reshape(W_z, (latent_dim, d))
            vae = affine.AffineVAE(
                tf.reshape(W_x, (d, latent_dim)), mean, W_z, -tf.linalg.matvec(W_z, mean), tf.exp(log_s2)
            )
            return affine.energy(vae, gamma, mean, covariance, beta=weight)

        # From near the optimum: what is tested is the value there, not the search.
        best = affine.optimal_parameters(mean, covariance, weight * gamma, latent_dim)
        start = np.concatenate([np.ravel(best.W_x), np.ravel(best.W_z), np.log(best.s2)])
        start += 0.01 * np.random.default_rng(0).standard_normal(start.shape)
        energies.append(minimise(energy, start[None])[1][0])
        assert energies[-1] == pytest.approx(beta.beta_energy(covariance, gamma, latent_dim, weight), abs=1e-5)
    slope = (energies[1] - energies[0]) / np.log(10)
    assert slope == pytest.approx(d - weight * rank, abs=0.05)


def test_with_too_few_dimensions_the_loss_has_a_floor():
    covariance = np.diag([3.0, 2.0, 1.0, 0.0, 0.0])
    gamma = beta.best_gamma(covariance, 2, 1.0)
    assert gamma == pytest.approx(1 / 3, rel=1e-3)  # the mean of the eigenvalues 1, 0, 0 that are left out


@pytest.mark.parametrize("weight, collapses", [(1.0, False), (1.9, False), (2.1, True), (4.0, True)])
def test_beta_above_d_over_r_gives_up_the_data(weight, collapses):
    covariance = np.diag([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    gamma = beta.best_gamma(covariance, 4, weight)
    assert (affine.affine_optimum(covariance, weight * gamma, 4).W == 0).all() == collapses
    assert (gamma > 0.1) == collapses


def test_slices_of_the_diagnostic_are_those_of_the_theory():
    """diagnostics.loss_slices on the Keras affine VAE is eq. (3) with the true expectation over noise."""
    x, draws = data.load("subspace", "test", dimension=4, rank=2, count=64), 2000
    keras.utils.set_random_seed(0)
    model = GaussianVAE(networks.encoder((4,), 3), networks.decoder(3, (4,)))
    kernel = model.decoder.get_layer("first").kernel
    step = np.random.default_rng(0).standard_normal(kernel.shape)
    positions, gammas = np.array([-1.0, 0.0, 0.5]), np.array([0.1, 1.0])
    found = loss_slices(model, x, [(kernel, step)], positions, gammas, draws)
    mean, covariance = x.mean(axis=0, dtype=np.float64), np.cov(x.T.astype(np.float64), bias=True)
    W_z, b_z = (w.astype(np.float64) for w in model.encoder.get_layer("mean").get_weights())
    expected, noise = np.empty((2, 3)), np.empty((2, 3))
    for i, gamma in enumerate(gammas):
        for j, position in enumerate(positions):
            W_x = (kernel.numpy() + position * step).T.astype(np.float64)
            b_x = model.decoder.get_layer("first").bias.numpy().astype(np.float64)
            energy = affine.energy(affine.AffineVAE(W_x, b_x, W_z.T, b_z, np.ones(3)), gamma, mean, covariance)
            expected[i, j] = affine.nats(energy - 3, 4)
            # What is left of chance: an antithetic pair has the error ||x - mu||^2 + ||W_x eps||^2, of this variance.
            variance = 2 * np.linalg.norm(W_x.T @ W_x) ** 2
            noise[i, j] = np.sqrt(variance / (len(x) * draws / 2)) / (2 * gamma)
    assert (np.abs(found - expected) < 5 * noise + 1e-5 * np.abs(expected)).all()


def test_valleys_are_counted():
    x = np.linspace(-2, 2, 101)
    assert valleys(x**2) == 1 and valleys((x**2 - 1) ** 2) == 2 and valleys(x) == 0
