"""Theorem 1: all local minima of the affine VAE are global."""

import math

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.theory import affine, local_minima, saddle_points


def covariance(eigenvalues, seed=0):
    d = len(eigenvalues)
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
    return axes @ np.diag(eigenvalues) @ axes.T


SPECTRA = {
    "a subspace, kappa > r": ([3.0, 1.0, 0.0, 0.0], 4, 0.1),
    "full rank, kappa < d": ([4.0, 2.0, 1.0, 0.5], 2, 0.1),
    "gamma between eigenvalues": ([4.0, 2.0, 1.0, 0.5], 4, 1.5),
    "equal eigenvalues": ([2.0, 2.0, 2.0, 0.1], 3, 0.3),
    "gamma above all": ([0.5, 0.2, 0.1], 3, 1.0),
    "kappa > d": ([3.0, 1.0], 4, 0.2),
}


@pytest.mark.parametrize("eigenvalues, latent_dim, gamma", SPECTRA.values(), ids=SPECTRA)
def test_every_minimum_from_random_starts_has_the_global_value(eigenvalues, latent_dim, gamma):
    sigma, d = covariance(eigenvalues), len(eigenvalues)
    W, values = local_minima.minima_of_decoder(
        sigma, gamma, np.random.default_rng(3).standard_normal((10, d, latent_dim))
    )
    loss = affine.affine_optimum(sigma, gamma, latent_dim).loss
    np.testing.assert_allclose(affine.nats(values, d), loss, rtol=1e-6)
    active = min(latent_dim, sum(value > gamma for value in eigenvalues))
    assert (np.sum(np.linalg.norm(W, axis=1) > 1e-2, axis=1) == active).all()


def test_the_search_tells_a_landscape_with_bad_minima(monkeypatch):
    """The control: with a smaller gamma in the logarithm than in the fit, short columns get stuck at zero."""

    def other(W_x, gamma, sigma):
        squares = tf.reduce_sum(tf.square(W_x), axis=0)
        return affine.reduced_energy(W_x, gamma, sigma) + tf.reduce_sum(
            tf.math.log((squares + 0.01) / (squares + gamma))
        )

    monkeypatch.setattr(local_minima, "reduced_energy", other)
    _, values = local_minima.minima_of_decoder(covariance([3.0]), 0.5, local_minima.random_starts(1, 1, count=20))
    assert np.ptp(values) > 1e-2


@pytest.mark.parametrize("rank, latent_dim", [(1, 3), (2, 3), (2, 2)])
def test_as_many_minima_as_the_paper_counts(rank, latent_dim):
    sigma = covariance([3.0, 1.0, 0.0][:rank] + [0.0] * (4 - rank))
    W, _ = local_minima.minima_of_decoder(sigma, 0.1, local_minima.random_starts(4, latent_dim))
    kinds = {local_minima.axis_of_columns(one, sigma) for one in W}
    assert len(kinds) == math.factorial(latent_dim) / math.factorial(latent_dim - rank)


def test_points_that_are_not_the_optimum_are_saddles():
    sigma = covariance([4.0, 2.0, 1.0, 0.5])
    points = saddle_points.other_axes(sigma, 0.3, 3)
    assert len(points) == 1 + 4 + 6 + 3  # sets of at most 3 of 4 axes, but for the best
    for W in points:
        slope, curvature = saddle_points.slope_and_curvature(W, 0.3, sigma)
        assert slope < 1e-9 and curvature < 0


def test_the_optimum_curves_up_but_for_rotations():
    sigma = covariance([4.0, 2.0, 1.0, 0.5])
    slope, curvature = saddle_points.slope_and_curvature(affine.affine_optimum(sigma, 0.3, 3).W, 0.3, sigma)
    assert slope < 1e-9 and curvature > 0
    tied = covariance([2.0, 2.0, 0.5])
    slope, curvature = saddle_points.slope_and_curvature(affine.affine_optimum(tied, 0.3, 2).W, 0.3, tied)
    assert slope < 1e-9 and abs(curvature) < 1e-9  # the axes of equal eigenvalues turn freely
