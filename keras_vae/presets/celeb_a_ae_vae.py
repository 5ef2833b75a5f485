"""AE + VAE on CelebA, called "VAE" in Tables 3 and 4 of regularisation balance: VAE+ without its second stage."""

from keras_vae.config import Config, replace
from keras_vae.presets import celeb_a_vae_plus


def paper() -> Config:
    """As published, at 128x128."""
    return _without_second(celeb_a_vae_plus.paper())


def quick() -> Config:
    """64x64, narrow."""
    return _without_second(celeb_a_vae_plus.quick())


def _without_second(config: Config) -> Config:
    return replace(config, stages=config.stages[:2])
