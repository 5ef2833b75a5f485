"""Points on a known linear subspace, and on a known curved manifold."""

import numpy as np
import pytest

from keras_vae import data
from keras_vae.data.sets import curve, subspace


def test_subspace_has_the_covariance_that_it_says():
    points = data.load("subspace", "train", dimension=6, rank=2, count=200_000, noise=0.3)
    assert points.shape == (200_000, 6) and points.dtype == np.float32
    np.testing.assert_allclose(np.cov(points.T), subspace.covariance(6, 2, 0.3), atol=0.03)
    np.testing.assert_allclose(points.mean(axis=0), subspace.embedding(6, 2)[1], atol=0.02)


def test_subspace_has_exactly_its_rank_and_known_distinct_variances():
    points = data.load("subspace", "test", dimension=9, rank=4)
    assert np.linalg.matrix_rank(points - points.mean(axis=0), tol=1e-2) == 4
    variances = np.sort(np.linalg.eigvalsh(subspace.covariance(9, 4)))[::-1]
    np.testing.assert_allclose(variances[:4], subspace.scales(4) ** 2)
    np.testing.assert_allclose(variances[4:], 0, atol=1e-12)
    assert np.all(np.diff(variances[:4]) < -0.1)


def test_curve_has_rank_dimensions_and_twice_as_many_linear_ones():
    points = data.load("curve", "test", dimension=7, rank=2)
    assert np.linalg.matrix_rank(points, tol=1e-2) == 4
    # Moving the positions spans rank directions at each point.
    positions = np.random.default_rng(0).uniform(0.1, 0.9, (1, 2))
    steps = np.concatenate([positions, positions + [[1e-5, 0]], positions + [[0, 1e-5]]])
    embedded = curve.embed(steps, 7)
    assert np.linalg.matrix_rank((embedded[1:] - embedded[:1]) / 1e-5, tol=1e-3) == 2


def test_curve_in_the_plane_is_a_spiral_that_does_not_cross_itself():
    ends = curve.embed(np.array([[0.0], [1.0]]), 2)
    radii = np.linalg.norm(ends, axis=1)
    np.testing.assert_allclose(radii[1] / radii[0], curve.ANGLES[1] / curve.ANGLES[0])
    line = curve.embed(np.linspace(0, 1, 500)[:, None], 2)
    assert np.all(np.diff(np.linalg.norm(line, axis=1)) > 0)
    lengths = np.linalg.norm(np.diff(line, axis=0), axis=1)
    assert lengths.max() / lengths.min() < 1.5


@pytest.mark.parametrize("name", ["subspace", "curve"])
def test_points_are_the_same_every_time_and_differ_between_splits(name):
    splits = [data.load(name, split, count=100) for split in ("train", "validation", "test")]
    np.testing.assert_array_equal(splits[0], data.load(name, "train", count=100))
    assert len(np.unique(np.concatenate(splits), axis=0)) == 300
    assert len(data.load(name, "train")) == 10_000 and len(data.load(name, "test")) == 1_000
