"""VAE+ with a mixture of Gaussians in place of its second stage, on CelebA: ex-post density estimation.

Ghosh et al. (2020) fit a mixture of 10 full-covariance Gaussians to the codes of an autoencoder once it is trained;
here their number is chosen by held-out likelihood. It takes seconds where a second stage takes minutes.
"""

from keras_vae.config import Config, StageConfig, replace
from keras_vae.presets import celeb_a_vae_plus


def paper() -> Config:
    """The stages below as published, at 128x128."""
    return with_mixture(celeb_a_vae_plus.paper())


def quick() -> Config:
    """64x64, narrow."""
    return with_mixture(celeb_a_vae_plus.quick())


def with_mixture(config: Config) -> Config:
    """Return the Config with its last stage replaced by a mixture."""
    below, second = config.stages[-2:]
    mixture = StageConfig(
        name=second.name,
        model="mixture",
        network=None,
        latent_dim=below.latent_dim + 1,  # one number more picks the component
        epochs=100,  # passes of EM, at most
        batch_size=second.batch_size,
        learning_rate=second.learning_rate,
    )
    return replace(config, stages=(*config.stages[:-1], mixture))
