"""The networks against the numbers that the papers print."""

import keras
import numpy as np
import pytest

from keras_vae.networks import (
    affine,
    asperti_conv,
    asperti_dense,
    concat_mlp,
    infogan,
    latent_residual,
    residual_mlp,
    resnet,
    strided_conv,
)
from keras_vae.networks._norm import BatchNorm


def layers(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


def test_residual_mlp_is_the_supplements():
    """Section 2: 6 feed-forward layers; 3 residual blocks of two layers; all hidden layers 200 wide, tanh."""
    *hidden, mean, log_variance = layers(residual_mlp.encoder((28, 28, 1), 50), keras.layers.Dense)
    assert [(layer.units, layer.activation.__name__) for layer in hidden] == [(200, "tanh")] * 6
    assert mean.units == log_variance.units == 50
    decoder = residual_mlp.decoder(50, (28, 28, 1))
    first, *hidden, last = layers(decoder, keras.layers.Dense)
    assert (first.name, first.units, last.units) == ("first", 200, 784)
    assert [(layer.units, layer.activation.__name__) for layer in hidden] == [(200, "tanh")] * 6
    assert len(layers(decoder, keras.layers.Add)) == 3


def test_the_ablation_differs_by_the_additions_only():
    decoders = [residual_mlp.decoder(50, (28, 28, 1), skip=skip) for skip in (True, False)]
    shapes = [[(weight.path, weight.shape) for weight in decoder.weights] for decoder in decoders]
    assert shapes[0] == shapes[1]
    assert not layers(decoders[1], keras.layers.Add)


@pytest.mark.parametrize("side, channels", [(128, [64, 128, 256, 512, 1024]), (64, [64, 128, 256, 512])])
def test_strided_conv_is_the_supplements(side, channels):
    """Fig. 2c: stride-2 convolutions to 4x4x1024 (128x128) or 4x4x512 (64x64), then 1x1 to 4x4x4, and back."""
    encoder = strided_conv.encoder((side, side, 3), 64, stochastic=False)
    maps = [tuple(layer.output.shape[1:]) for layer in layers(encoder, keras.layers.Conv2D)]
    assert maps == [(side // 2**i, side // 2**i, width) for i, width in enumerate(channels, start=1)]
    assert maps[-1] == (4, 4, channels[-1])
    assert encoder.get_layer("mean").output.shape[1:] == (4, 4, 4)
    decoder = strided_conv.decoder(64, (side, side, 3))
    flipped = [tuple(layer.output.shape[1:]) for layer in layers(decoder, keras.layers.Conv2DTranspose)]
    assert [tuple(decoder.get_layer("first").output.shape[1:]), *flipped] == [*maps[::-1], (side, side, 3)]


def test_strided_conv_width_multiplies_channels():
    encoder = strided_conv.encoder((64, 64, 3), 64, width=0.25)
    assert [layer.filters for layer in layers(encoder, keras.layers.Conv2D)] == [16, 32, 64, 128]


def test_asperti_conv_has_the_parameters_of_figure_4():
    encoder = asperti_conv.encoder((28, 28, 1), 16)
    printed = [
        ((14, 14, 16), 160), ((14, 14, 16), 64), ((14, 14, 16), 0),
        ((14, 14, 32), 4640), ((7, 7, 32), 9248), ((7, 7, 32), 128), ((7, 7, 32), 0),
        ((4, 4, 32), 9248), ((4, 4, 32), 9248), ((4, 4, 32), 128), ((4, 4, 32), 0),
        ((2, 2, 32), 4128), ((2, 2, 32), 4128), ((2, 2, 32), 128), ((2, 2, 32), 0),
        ((1, 1, 32), 4128), ((1, 1, 16), 528), ((1, 1, 16), 528),
    ]  # fmt: skip
    kinds = (keras.layers.Conv2D, BatchNorm, keras.layers.ReLU, keras.layers.Dense)
    built = [(tuple(layer.output.shape[1:]), layer.count_params()) for layer in encoder.layers if type(layer) in kinds]
    assert built == printed


def test_asperti_dense_widths():
    for latent_dim, hidden in [(16, (256, 64, 32)), (2, (256, 64, 16))]:
        encoder = asperti_dense.encoder((28, 28, 1), latent_dim, hidden=hidden)
        assert [layer.units for layer in layers(encoder, keras.layers.Dense)] == [*hidden, latent_dim, latent_dim]
        decoder = asperti_dense.decoder(latent_dim, (28, 28, 1), hidden=hidden)
        assert [layer.units for layer in layers(decoder, keras.layers.Dense)] == [*hidden[::-1], 784]


def test_dai_wipf_second_stage_concatenates_its_input():
    encoder, decoder = concat_mlp.encoder((64,), 64), concat_mlp.decoder(64, (64,))
    assert [layer.units for layer in layers(encoder, keras.layers.Dense)] == [1024, 1024, 1024, 64, 64]
    assert encoder.get_layer("mean").kernel.shape == decoder.get_layer("last").kernel.shape == (1024 + 64, 64)


def test_infogan_normalises_the_encoder_only():
    encoder, decoder = infogan.encoder((28, 28, 1), 64), infogan.decoder(64, (28, 28, 1))
    spectral = [layer.name for layer in layers(encoder, keras.layers.SpectralNormalization)]
    assert sorted(spectral) == ["conv1", "conv2", "dense3", "log_variance", "mean"]
    assert not layers(decoder, keras.layers.SpectralNormalization)
    norms = layers(encoder, BatchNorm) + layers(decoder, BatchNorm)
    assert len(norms) == 5 and all((norm.momentum, norm.epsilon) == (0.999, 1e-5) for norm in norms)
    maps = [tuple(layer.output.shape[1:]) for layer in layers(decoder, keras.layers.Conv2DTranspose)]
    assert maps == [(14, 14, 64), (28, 28, 1)]


def test_resnet_celeba_scales():
    """Their command for CelebA: 64x64, base dim 32, four scales; the decoder starts at 2x2x1024."""
    encoder = resnet.encoder((64, 64, 3), 128, base_channels=32)
    downs = [tuple(encoder.get_layer(f"down{scale}").output.shape[1:]) for scale in (1, 2, 3)]
    assert downs == [(32, 32, 64), (16, 16, 128), (8, 8, 256)]
    decoder = resnet.decoder(128, (64, 64, 3), base_channels=32)
    ups = [tuple(decoder.get_layer(f"up{scale}").output.shape[1:]) for scale in (1, 2, 3, 4, 5)]
    assert decoder.get_layer("first").units == 2 * 2 * 1024
    assert ups == [(4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 64), (64, 64, 32)]


def test_latent_residual_contains_an_affine_skip():
    """Eq. (5): with f at zero, what remains from z to the output is affine, and not constant."""
    decoder = latent_residual.decoder(8, (8,), width=16)
    for layer in layers(decoder, keras.layers.Dense):
        if layer.name.startswith("block"):
            layer.set_weights([np.zeros(weight.shape) for weight in layer.weights])
    a, b = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    np.testing.assert_allclose(decoder(a + b), decoder(a) + decoder(b), atol=1e-5)
    assert np.std(decoder(a)) > 0.1


def test_affine_is_affine_and_its_variance_is_free_of_x():
    encoder, decoder = affine.encoder((6,), 4), affine.decoder(4, (2, 3, 1))
    variance = np.array([0.5, 1, 2, 4], "float32")
    encoder.get_layer("log_variance").set_weights([np.log(variance)[None]])
    a, b = np.random.default_rng(0).normal(size=(2, 5, 6)).astype("float32")
    means, stddevs = zip(*(encoder(x) for x in (a, b, a + b)), strict=True)
    np.testing.assert_allclose(means[2], means[0] + means[1], atol=1e-5)
    np.testing.assert_allclose(np.square(np.concatenate(stddevs)), np.tile(variance, (15, 1)), rtol=1e-6)
    assert [tuple(weight.shape) for weight in encoder.get_layer("log_variance").weights] == [(1, 4)]
    np.testing.assert_allclose(decoder(10 * means[0]), 10 * decoder(means[0]), rtol=1e-4, atol=1e-5)
