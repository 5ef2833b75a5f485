"""The convolutional VAE of variable collapse, Fig. 4 and section 3.1: of 16 dimensions about 3 stay inactive."""

from keras_vae.config import Config, replace
from keras_vae.presets import mnist_asperti_dense


def paper() -> Config:
    """To convergence."""
    return _convolutional(mnist_asperti_dense.paper())


def quick() -> Config:
    """A few minutes on two CPU cores."""
    return _convolutional(mnist_asperti_dense.quick())


def _convolutional(config: Config) -> Config:
    (vae,) = config.stages
    return replace(config, stages=(replace(vae, network="asperti_conv", steps_per_execution=10),))
