"""VAE+ on the procedural faces: the stack of celeb_a_vae_plus on a data set that needs no download."""

from keras_vae.config import Config, replace
from keras_vae.presets import celeb_a_vae_plus

SIZE = {"image_size": [64, 64]}


def paper() -> Config:
    """The published schedule."""
    return Config(dataset="faces", data_options=SIZE, stages=celeb_a_vae_plus.paper().stages)


def quick() -> Config:
    """Some ten minutes on two CPU cores."""
    ae, vae, second = celeb_a_vae_plus.paper().stages
    fast = {"learning_rate": 2e-3, "schedule": "exponential"}
    stages = (
        replace(ae, **fast, epochs=13, batch_size=64, network_options={"width": 0.25}),
        replace(vae, **{**fast, "learning_rate": 6e-3}, epochs=12, batch_size=32),  # takes gamma all the way from 1
        replace(second, **fast, epochs=60),
    )
    return Config(dataset="faces", data_options=SIZE, stages=stages)
