"""The two-stage VAE of Dai & Wipf (2019): a Gaussian VAE on images, and another on its codes.

Numbers of their published code for MNIST: latent 64, batch 64, Adam 1e-4, 400 and 800 epochs.
"""

from keras_vae.config import Config, StageConfig, replace

VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="infogan",
    latent_dim=64,
    epochs=400,
    batch_size=64,
    learning_rate=1e-4,
    schedule="dai_wipf",
    steps_per_execution=10,
)
SECOND = StageConfig(
    name="second",
    model="gaussian_vae",
    network="concat_mlp",
    latent_dim=64,  # dim u = dim z: nothing superfluous that could collapse
    epochs=800,
    batch_size=64,
    learning_rate=1e-4,
    schedule="dai_wipf",
)


def paper() -> Config:
    """As published, on MNIST."""
    return Config(dataset="mnist", stages=(VAE, SECOND))


def quick() -> Config:
    """A few minutes on two CPU cores, with the dense networks of regularisation balance."""
    stages = (
        replace(VAE, network="residual_mlp", steps_per_execution=100, epochs=20, batch_size=128, learning_rate=1e-3),
        replace(SECOND, network_options={"width": 256}, epochs=40, batch_size=128, learning_rate=1e-3),
    )
    return Config(dataset="mnist", stages=stages)
