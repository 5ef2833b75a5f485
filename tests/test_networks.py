"""Contract of every network: shapes, files that load anywhere, float32 ends, gradients, and errors that help."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import plugins
from keras_vae.networks._norm import BatchNorm

NAMES = plugins.names("keras_vae.networks")
# Narrow variants where there is a knob: the same code, less to compute.
NARROW = {
    "aggregate": ({"width": 0.1, "code_dim": 48, "small_width": 24}, {"width": 0.1, "code_dim": 48, "small_width": 24}),
    "asperti_dense": ({"hidden": (24, 16)}, {"hidden": (24, 16)}),
    "concat_mlp": ({"width": 24}, {"width": 24}),
    "latent_residual": ({"width": 24}, {"width": 24}),
    "residual_mlp": ({"width": 24}, {"width": 24}),
    "resnet": ({"base_channels": 2, "hidden_width": 16}, {"base_channels": 2}),
    "strided_conv": ({"width": 0.1}, {"width": 0.1}),
}
CONVOLUTIONAL = ["aggregate", "asperti_conv", "infogan", "resnet", "strided_conv"]
SIZES = [(16, 16, 1), (16, 24, 3)]
CASES = [(name, size) for name in NAMES for size in SIZES]
CASES += [(name, (9,)) for name in NAMES if name not in CONVOLUTIONAL]


def load(name):
    return plugins.find("keras_vae.networks", name, kind="network")


def pair(name, shape, latent_dim=48):
    """The narrow encoder and decoder of `name`. 48 fills the 4x4 map of 16x16 and the 4x6 map of 16x24."""
    encoder_options, decoder_options = NARROW.get(name, ({}, {}))
    module = load(name)
    return module.encoder(shape, latent_dim, **encoder_options), module.decoder(latent_dim, shape, **decoder_options)


def batch(shape):
    return np.random.default_rng(0).random((3, *shape), dtype="float32")


@pytest.fixture
def bfloat16():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy("float32")


def test_every_network_is_found():
    assert set(CONVOLUTIONAL) | set(NARROW) | {"affine"} == set(NAMES)


@pytest.mark.parametrize("name, shape", CASES)
def test_shapes_and_file_round_trip(name, shape, tmp_path):
    encoder, decoder = pair(name, shape)
    assert (encoder.name, decoder.name) == ("encoder", "decoder")
    assert isinstance(load(name).JIT_COMPILE, bool)
    x = batch(shape)
    mean, stddev = encoder(x)
    image = decoder(mean)
    assert mean.shape == stddev.shape == (3, 48) and image.shape == x.shape
    assert np.all(stddev > 0)
    decoder.get_layer("first")

    for model, value, outputs in [(encoder, x, [mean, stddev]), (decoder, mean, [image])]:
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        for expected, actual in zip(outputs, tf.nest.flatten(again(value)), strict=True):
            np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("name", NAMES)
def test_ends_are_float32_under_mixed_precision(name, bfloat16):
    encoder, decoder = pair(name, (16, 24, 3))
    mean, stddev = encoder(batch((16, 24, 3)))
    image = decoder(mean)
    assert mean.dtype == stddev.dtype == image.dtype == tf.float32
    # A float32 tensor that was bfloat16 on the way has the last 16 bits of every number zero.
    for end in (mean, image):
        assert np.any(end.numpy().view("uint32") & 0xFFFF)


@pytest.mark.parametrize("name", NAMES)
def test_a_deterministic_encoder_has_one_output(name):
    encoder = load(name).encoder((16, 24, 3), 48, stochastic=False, **NARROW.get(name, ({},))[0])
    assert encoder(batch((16, 24, 3))).shape == (3, 48)
    assert "log_variance" not in [layer.name for layer in encoder.layers]


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_weight(name):
    encoder, decoder = pair(name, (16, 24, 3))
    noise = tf.random.stateless_normal((3, 48), (0, 1))
    with tf.GradientTape() as tape:
        mean, stddev = encoder(batch((16, 24, 3)), training=True)
        image = decoder(mean + stddev * noise, training=True)
        loss = tf.reduce_sum(image**2) + tf.reduce_sum(mean**2 + stddev**2 - 2 * tf.math.log(stddev))
    weights = encoder.trainable_weights + decoder.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None and np.any(gradient != 0), weight.path


@pytest.mark.parametrize("name", NAMES)
def test_zero_heads_give_the_prior(name):
    """Theorem 2: with zero head weights the posterior is the prior, mean 0 and stddev 1, exactly."""
    encoder, _ = pair(name, (16, 16, 1))
    for head in ("mean", "log_variance"):
        for weight in encoder.get_layer(head).trainable_weights:
            weight.assign(np.zeros(weight.shape))
    for training in (False, True):
        mean, stddev = encoder(batch((16, 16, 1)), training=training)
        assert np.all(mean == 0) and np.all(stddev == 1)


def test_extreme_inputs_keep_stddev_finite():
    encoder, _ = pair("affine", (9,))
    encoder.get_layer("log_variance").set_weights([np.full((1, 48), 1e6)])
    assert np.all(np.isfinite(encoder(batch((9,)))[1]))


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_convolutions_refuse_vectors(name):
    for build in (lambda: load(name).encoder((64,), 16), lambda: load(name).decoder(16, (64,))):
        part = "strided_conv" if name == "aggregate" else name
        with pytest.raises(ValueError, match=rf"{part} works on images of shape \(height, width, channels\)"):
            build()


@pytest.mark.parametrize(
    "name, shape, words",
    [
        ("strided_conv", (63, 64, 3), "cannot take 63x64 images .*nearest: 64x64 or"),
        ("strided_conv", (100, 100, 3), "nearest: 96x96"),
        ("strided_conv", (7, 200, 1), "nearest: 8x200"),
        ("infogan", (30, 30, 1), "nearest: 28x28 or 32x32"),
        ("infogan", (28, 33, 1), "nearest: 28x32 or 28x36"),
        ("resnet", (28, 28, 1), "nearest: 24x24 or 32x32"),
        ("resnet", (2, 2, 1), "nearest: 4x4"),
    ],
)
def test_impossible_sizes_name_the_nearest_legal_ones(name, shape, words):
    for build in (lambda: load(name).encoder(shape, 64), lambda: load(name).decoder(64, shape)):
        with pytest.raises(ValueError, match=words):
            build()


def test_impossible_latent_dims_name_the_nearest_legal_ones():
    for build in (load("strided_conv").encoder, lambda shape, dim: load("strided_conv").decoder(dim, shape)):
        with pytest.raises(ValueError, match="multiple of 16, got 60; nearest: 48 or 64"):
            build((64, 64, 3), 60)
        with pytest.raises(ValueError, match="multiple of 16, got 2; nearest: 16"):
            build((64, 64, 3), 2)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_fused_normalisation_is_that_of_keras(dtype):
    random = np.random.default_rng(0)
    maps, slopes = (random.normal(1.0, 2.0, (6, 5, 4, 3)).astype(np.float32) for _ in range(2))
    values = [random.uniform(0.5, 2.0, 3) for _ in range(4)]
    found = []
    for layer in (BatchNorm(momentum=0.7, dtype=dtype), keras.layers.BatchNormalization(momentum=0.7, dtype=dtype)):
        layer.build(maps.shape)
        layer.set_weights(values)
        x = tf.constant(maps, layer.compute_dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, training=True)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * slopes)
        gradients = tape.gradient(loss, [x, *(weight.value for weight in layer.trainable_weights)])
        found.append([outputs, *gradients, *layer.weights])
    coarse = 1e-5 if dtype == "float32" else 0.05
    for ours, theirs in zip(*found, strict=True):
        ours, theirs = (keras.ops.convert_to_numpy(keras.ops.cast(each, "float32")) for each in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=coarse, atol=coarse)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_sizes_that_are_none_are_refused(name, side):
    module = load(name)

    def make(shape, latent_dim):
        return module.encoder(shape, latent_dim) if side == "encoder" else module.decoder(latent_dim, shape)

    for shape in ((32, 32, 0), (32, -32, 3), (32.0, 32, 3), (None, 32, 3), (True, 32, 3), (), 32, None, "32", [[32]]):
        with pytest.raises(
            ValueError, match=r"^shape is .*; expected \(height, width, channels\) of images, or \(d,\)"
        ):
            make(shape, 48)
    for latent_dim in (0, -48, 48.0, None, "48", True):
        with pytest.raises(ValueError, match="^latent_dim is .*; expected a whole number of at least 1"):
            make((32, 32, 3), latent_dim)
    for shape in ((32,), (32, 32), (4, 32, 32, 3)) if name in CONVOLUTIONAL else ():
        with pytest.raises(ValueError, match="works on images of shape .height, width, channels., got shape"):
            make(shape, 48)
