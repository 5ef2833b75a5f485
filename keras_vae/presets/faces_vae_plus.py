"""VAE+ on the procedural faces: the recipe of celeb_a_vae_plus on a data set that needs no download."""

from keras_vae.config import Config
from keras_vae.presets import celeb_a_vae_plus


def paper():
    """The published schedule, on 64x64 images."""
    stages = celeb_a_vae_plus.paper().stages
    return Config(dataset="faces", data_options={"image_size": [64, 64]}, stages=stages)


def quick():
    """32x32."""
    stages = celeb_a_vae_plus.quick().stages
    return Config(dataset="faces", data_options={"image_size": [32, 32]}, stages=stages)
