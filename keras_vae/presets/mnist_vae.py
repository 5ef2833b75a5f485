"""A Gaussian VAE with learned gamma on MNIST: regularisation balance, Table 1; schedule: its supplement, section 2."""

from keras_vae.config import Config, StageConfig, replace

VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="residual_mlp",
    latent_dim=200,  # kappa; Table 1 has 50, 100, 200, 400 and 784
    epochs=3280,  # 3^0 + 3^1 + ... + 3^7
    batch_size=20,
    learning_rate=1e-3,
    schedule="burda",
)


def paper() -> Config:
    """As published: 9.84 million steps."""
    return Config(dataset="mnist", stages=(VAE,))


def quick() -> Config:
    """A few minutes on two CPU cores."""
    return Config(dataset="mnist", stages=(replace(VAE, epochs=30, batch_size=128, schedule="cosine"),))
