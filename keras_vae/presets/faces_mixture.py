"""VAE+ with a mixture of Gaussians in place of its second stage, on the procedural faces; see celeb_a_mixture."""

from keras_vae.config import Config
from keras_vae.presets import celeb_a_mixture, faces_vae_plus


def paper() -> Config:
    """The published schedule of the stages below."""
    return celeb_a_mixture.with_mixture(faces_vae_plus.paper())


def quick() -> Config:
    """Some ten minutes on two CPU cores."""
    return celeb_a_mixture.with_mixture(faces_vae_plus.quick())
