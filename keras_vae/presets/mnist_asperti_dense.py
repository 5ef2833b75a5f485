"""The dense VAE of variable collapse, Table 1: 784-256-64-32-16 on MNIST, of whose 16 dimensions about 8 stay inactive.

The paper states the batch size alone (Fig. 2). Its loss is the squared distance plus the KL, so gamma = 1/2.
"""

from keras_vae.config import Config, StageConfig, replace

VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="asperti_dense",
    latent_dim=16,
    epochs=100,
    batch_size=128,
    learning_rate=1e-3,
    gamma={"mode": "fixed", "initial": 0.5},
)


def paper() -> Config:
    """To convergence."""
    return Config(dataset="mnist", stages=(VAE,))


def quick() -> Config:
    """About a minute on two CPU cores."""
    return Config(dataset="mnist", stages=(replace(VAE, epochs=20),))
