"""Reconstruction errors by hand, and of a model given by functions."""

import numpy as np
import pytest

from keras_vae import metrics
from tests import tiny


def test_errors_by_hand():
    images = np.zeros((2, 2, 2, 1), np.uint8)
    images[1] = 255
    reconstructions = np.zeros((2, 2, 2, 1), np.float32)
    reconstructions[0, 0, 0, 0], reconstructions[1] = 0.6, 0.5
    error = metrics.reconstruction_error(images, reconstructions)
    np.testing.assert_allclose(error["squared_error"], [0.36, 1.0], rtol=1e-6)
    np.testing.assert_allclose(error["l2"], [0.6, 1.0], rtol=1e-6)
    np.testing.assert_allclose(error["rmse"], [0.3, 0.5], rtol=1e-6)


def test_points_and_many_blocks():
    x, y = np.random.default_rng(0).standard_normal((2, 700, 5))
    error = metrics.reconstruction_error(x, y)["squared_error"]
    np.testing.assert_allclose(error, np.sum((x - y) ** 2, axis=1), rtol=1e-5)


def test_a_model_from_its_mean_and_from_a_draw():
    """A unit decoder: the draw adds stddev^2 per dimension to the error, on average."""
    x = np.random.default_rng(0).standard_normal((3000, 4)).astype(np.float32)

    def encode(images):
        return images + 0.5, np.full_like(images, 0.3)

    found = metrics.model_reconstruction_error(encode, lambda codes: codes, x, seed=1)
    np.testing.assert_allclose(found["mean"]["squared_error"], 1.0, rtol=1e-4)
    assert found["sample"]["squared_error"].mean() == pytest.approx(1.0 + 4 * 0.09, rel=0.03)
    again = metrics.model_reconstruction_error(encode, lambda codes: codes, x, seed=1)
    np.testing.assert_array_equal(again["sample"]["rmse"], found["sample"]["rmse"])
    other = metrics.model_reconstruction_error(encode, lambda codes: codes, x[:1500], seed=1)  # ends inside a block
    np.testing.assert_array_equal(other["sample"]["rmse"], found["sample"]["rmse"][:1500])


@pytest.mark.parametrize(
    "images, reconstructions, message",
    [
        (tiny.images(3), tiny.images(2), "reconstructions has 2 rows; expected one per image, 3"),
        (tiny.images(3), tiny.images(3)[:, 1:], r"reconstructions has shape \(3, 3, 6, 1\)"),
        (tiny.images(3)[0], tiny.images(3), "images has shape"),
        (tiny.images(1), np.full((1, *tiny.SHAPE), np.nan, np.float32), "reconstructions has 24 values that are NaN"),
        (tiny.images(1) * 1.0, tiny.images(1), "images has values in"),
    ],
)
def test_errors_name_the_argument(images, reconstructions, message):
    with pytest.raises(ValueError, match=message):
        metrics.reconstruction_error(images, reconstructions)
