"""A VAE with more dimensions than the curved manifold that its data lie on: infinite gradients, Fig. 1."""

from keras_vae.config import Config, StageConfig, replace

VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="asperti_dense",
    latent_dim=2,  # kappa > r: the curve has one dimension
    epochs=1000,
    batch_size=100,
    learning_rate=3e-3,
    schedule="cosine",
    # Narrower networks follow the spiral with two dimensions, or with one and a large gamma.
    network_options={"hidden": [256, 256, 256]},
)


def paper() -> Config:
    """The figure has no numbers: enough steps to follow the curve."""
    return Config(dataset="curve", stages=(VAE,))


def quick() -> Config:
    """About a minute on two CPU cores."""
    return Config(dataset="curve", stages=(replace(VAE, epochs=300),))
