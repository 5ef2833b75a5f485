"""Reconstruction gain of each latent dimension of a stack."""

from keras_vae.data.pixels import to_unit
from keras_vae.diagnostics.decoder_gain import decoder_gain
from keras_vae.models.checks import checked_data


def reconstruction_gain(stack, images, stage=None):
    """The squared error in pixels that zeroing each dimension of the posterior mean adds, (latent_dim,).

    Variable collapse, section 5: near zero for a collapsed dimension. `stage`: of the inference code by default.
    images: (n, H, W, C), uint8 or float32 in [0, 1].
    """
    images = checked_data(images, stack.data_shape)
    mean, _ = stack.encode(images, stage=stage)
    index = stack.stages.index(stack.stage(stage).name)
    return decoder_gain(lambda z: stack._decode(z, index), mean, to_unit(images))
