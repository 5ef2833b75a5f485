"""The affine VAE of Theorem 1 (regularisation balance, section 3) on points of a linear subspace."""

from keras_vae.config import Config, StageConfig

VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="affine",
    latent_dim=8,  # kappa > r: the data have rank 3
    epochs=300,
    batch_size=200,
    learning_rate=2e-2,
    schedule="cosine",
    gamma={"mode": "fixed", "initial": 0.01},  # the theorem holds at any fixed gamma
)


def paper() -> Config:
    """The theorem has no schedule: enough steps to reach the optimum."""
    return Config(dataset="subspace", stages=(VAE,))


quick = paper  # seconds already
