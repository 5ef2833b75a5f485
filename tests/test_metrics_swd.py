"""SWD against closed forms, and against the definition written out in plain NumPy."""

import importlib

import numpy as np
import pytest

from keras_vae import metrics

swd = importlib.import_module("keras_vae.metrics.swd")  # metrics.swd is the function


def test_a_shift_and_a_scale_have_closed_forms():
    """By v: the mean of |<v, u>| over directions u. A Gaussian scaled by s: |s - 1| sqrt(2 / pi), in each direction."""
    random = np.random.default_rng(0)
    a, v = random.standard_normal((3000, 3)).astype(np.float32), np.array([3.0, 0.0, 4.0], np.float32)
    # <v, u> / |v| is uniform on [-1, 1] in three dimensions; of 512 directions the mean has the error 0.29 / 23.
    assert metrics.sliced_wasserstein(a, a + v) == pytest.approx(5 / 2, rel=0.1)
    assert metrics.sliced_wasserstein(a, 1.5 * a) == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.04)
    assert metrics.sliced_wasserstein(a, a[::-1]) == pytest.approx(0.0, abs=1e-6)


def blurred(image, weights):
    """One channel under the 5x5 filter, its edges mirrored, pixel by pixel."""
    padded, kernel = np.pad(image, 2, mode="reflect"), np.outer(weights, weights)
    return np.array(
        [[np.sum(kernel * padded[r : r + 5, c : c + 5]) for c in range(image.shape[1])] for r in range(image.shape[0])]
    )


@pytest.mark.parametrize("shape", [(32, 34), (33, 32)])
def test_the_pyramid_is_its_definition(shape):
    image = np.random.default_rng(1).random(shape)
    weights = np.array([1, 4, 6, 4, 1]) / 16
    half = blurred(image, weights)[::2, ::2]
    spread = np.zeros(shape)
    spread[::2, ::2] = half
    fine, coarse = swd.laplacian_pyramid(image[None, :, :, None])
    np.testing.assert_allclose(coarse[0, :, :, 0], half, atol=1e-6)
    np.testing.assert_allclose(fine[0, :, :, 0], image - blurred(spread, 2 * weights), atol=1e-6)
    assert len(swd.laplacian_pyramid(np.zeros((1, 31, 64, 1)))) == 1


def test_patches_are_parts_of_their_image_in_each_channel():
    level = np.arange(540, dtype=np.float32).reshape(2, 9, 10, 3)  # no number twice: a corner tells the place
    patches = swd._patches(level, np.random.default_rng(0))
    assert patches.shape == (2 * swd.PATCHES, 7, 7, 3)
    places = set()
    for number, patch in enumerate(patches):
        image, row, column, channel = np.unravel_index(int(patch[0, 0, 0]), level.shape)
        assert (image, channel) == (number // swd.PATCHES, 0)
        np.testing.assert_array_equal(patch, level[image, row : row + 7, column : column + 7])
        places.add((row, column))
    assert places == {(row, column) for row in range(3) for column in range(4)}
    rows = swd._standardised(patches)
    reference = (patches - patches.mean((0, 1, 2))) / patches.std((0, 1, 2))
    np.testing.assert_allclose(rows, reference.reshape(len(patches), -1), atol=1e-4)


def test_images_without_detail_are_told_at_the_fine_level(monkeypatch):
    """Smooth images with and without noise on single pixels; half against half is the floor."""
    monkeypatch.setattr(swd, "DIRECTIONS", 64)
    random = np.random.default_rng(2)
    ramp = np.linspace(0.2, 0.8, 32, dtype=np.float32)
    smooth = ramp[None, :, None, None] * random.uniform(0.5, 1, (120, 1, 32, 1)).astype(np.float32)
    smooth = np.cumsum(smooth, axis=2) / 32
    noise = 0.02 * random.choice([-1.0, 1.0], smooth.shape).astype(np.float32)
    floor, found = metrics.swd(smooth[::2], smooth[1::2]), metrics.swd(smooth[::2], (smooth + noise).clip(0, 1)[1::2])
    assert list(found) == ["32x32", "16x16", "mean"]
    assert found["mean"] == pytest.approx((found["32x32"] + found["16x16"]) / 2)
    assert found["32x32"] > 5 * floor["32x32"] and found["32x32"] > 5 * found["16x16"]
    grey = np.full((4, 16, 16, 1), 7, np.uint8)
    assert metrics.swd(grey, grey) == {"16x16": 0.0, "mean": 0.0}


def test_wrong_images_are_refused():
    images = np.zeros((4, 16, 16, 1), np.uint8)
    with pytest.raises(ValueError, match="fakes has 3 images; expected as many as reals, 4"):
        metrics.swd(images, images[:3])
    with pytest.raises(ValueError, match="images are 6x16; expected at least 7x7"):
        metrics.swd(images[:, :6], images[:, :6])
