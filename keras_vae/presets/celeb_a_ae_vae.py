"""AE + VAE on CelebA: VAE+ of regularisation balance without its second stage; celeb_a_vae is trained end to end."""

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
