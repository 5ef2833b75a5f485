"""The one place that turns the bytes of a file into pixels."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from keras_vae.data import preprocessing


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def encode(pixels, kind):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_decodes_as_pillow_does(kind):
    encoded = encode(noise(33, 20, 3), kind)
    expected = np.asarray(PIL.Image.open(io.BytesIO(encoded)))
    np.testing.assert_array_equal(preprocessing.decode(encoded, 3), expected)


def test_alpha_is_dropped_and_grey_becomes_rgb():
    rgba, grey = noise(8, 9, 4), noise(8, 9)
    np.testing.assert_array_equal(preprocessing.decode(encode(rgba, "PNG"), 3), rgba[..., :3])
    np.testing.assert_array_equal(preprocessing.decode(encode(rgba[..., :2], "PNG"), 1), rgba[..., :1])
    np.testing.assert_array_equal(preprocessing.decode(encode(grey, "PNG"), 3), np.stack([grey] * 3, axis=-1))


def test_an_image_that_fits_is_left_alone():
    image = noise(30, 17, 3)
    np.testing.assert_array_equal(preprocessing.fit(image, (30, 17)), image)


def test_crops_the_centre_to_the_aspect():
    image = noise(40, 100, 3)
    np.testing.assert_array_equal(preprocessing.fit(image, (40, 40)), image[:, 30:70])
    np.testing.assert_array_equal(preprocessing.fit(image, (20, 50), crop=(10, 20, 20, 50)), image[10:30, 20:70])


@pytest.mark.parametrize("size", [(7, 11), (50, 31), (1, 1), (90, 3)])
def test_any_size_comes_out_and_colours_stay(size):
    image = preprocessing.fit(np.full((37, 53, 3), 77, np.uint8), size)
    np.testing.assert_array_equal(image, np.full((*size, 3), 77, np.uint8))


def test_a_graph_gives_the_same_pixels():
    encoded = encode(noise(61, 40, 3), "JPEG")
    graph = tf.function(
        lambda text: preprocessing.fit(preprocessing.decode(text, 3), (16, 24)),
        input_signature=[tf.TensorSpec([], tf.string)],
    )
    np.testing.assert_array_equal(graph(encoded), preprocessing.fit(preprocessing.decode(encoded, 3), (16, 24)))
    assert graph.get_concrete_function().output_shapes.as_list() == [16, 24, 3]
