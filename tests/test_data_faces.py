"""The faces that the project draws itself."""

import numpy as np
import pytest

from keras_vae import data
from keras_vae.data.sets import faces

SPLITS = ("train", "validation", "test")


def test_counts_and_shapes():
    assert faces.COUNTS == {"train": 8_000, "validation": 1_000, "test": 1_000}
    assert data.load("faces", "validation", image_size=(8, 8)).shape == (1_000, 8, 8, 3)
    assert data.load("faces", "train", count=3).dtype == np.uint8
    assert 12 <= len(faces.FACTORS) <= 16


def test_images_are_the_drawn_factors_and_do_not_depend_on_the_count(monkeypatch):
    images = data.load("faces", "test", count=20)
    np.testing.assert_array_equal(images, faces.draw(faces.factors("test", 20)))
    np.testing.assert_array_equal(images[:7], data.load("faces", "test", count=7))
    monkeypatch.setattr(faces, "CHUNK", 3 * 64 * 64)
    np.testing.assert_array_equal(images, data.load("faces", "test", count=20))


def test_splits_are_disjoint_and_factors_uniform():
    factors = {split: faces.factors(split) for split in SPLITS}
    rows = {row.tobytes() for values in factors.values() for row in values}
    assert len(rows) == 10_000
    for values in factors.values():
        np.testing.assert_allclose(values.mean(axis=0), 0.5, atol=0.05)
        np.testing.assert_allclose(values.std(axis=0), 12**-0.5, atol=0.03)
    np.testing.assert_allclose(np.corrcoef(factors["train"].T), np.eye(len(faces.FACTORS)), atol=0.05)


@pytest.mark.parametrize("factor", range(len(faces.FACTORS)), ids=faces.FACTORS)
def test_images_are_continuous_in_each_factor(factor):
    """A small step changes few pixels, and by little; the whole range changes the image well visibly."""
    start = faces.factors("test", 4)
    start[:, factor] = 0.3
    ends = []
    for step in (0.0, 0.001, 0.01, 0.5):
        moved = start.copy()
        moved[:, factor] += np.float32(step)
        ends.append(faces.draw(moved).astype(float))
    change = [np.abs(end - ends[0]) for end in ends[1:]]
    assert change[0].max() <= 8
    assert change[0].mean() < 0.1 * max(change[2].mean(), 0.5)
    assert change[1].mean() < 0.25 * max(change[2].mean(), 0.5)
    assert change[2].max() > 30


def test_corners_of_the_factors_are_drawn():
    for value in (0.0, 1.0):
        images = faces.draw(np.full((1, len(faces.FACTORS)), value, np.float32), (32, 32))
        assert np.ptp(images.astype(int)) > 100


@pytest.mark.parametrize("size", [(64, 48), (40, 64), (7, 5), (128, 128)])
def test_sizes_that_are_not_square(size):
    images = data.load("faces", "train", image_size=size, count=3)
    assert images.shape == (3, *size, 3)
    assert np.ptp(images.astype(int)) > 50


def test_a_large_face_looks_like_a_small_one():
    factors = faces.factors("test", 10)
    large = faces.draw(factors, (128, 128)).reshape(10, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert np.abs(large - faces.draw(factors, (64, 64))).mean() < 2.5


@pytest.mark.parametrize("factors", [np.zeros((2, 3)), np.zeros(16), np.full((1, 16), 1.5), np.full((1, 16), np.nan)])
def test_impossible_factors_are_refused(factors):
    with pytest.raises(ValueError, match="factors must"):
        faces.draw(factors)
