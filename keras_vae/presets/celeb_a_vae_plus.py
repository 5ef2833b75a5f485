"""VAE+ on full-resolution CelebA: regularisation balance, section 6; networks and schedule: its supplement, section 2.

An unregularised autoencoder to 4x4x4 = 64 dimensions, a small VAE with skip connections on its codes that measures the
reconstruction in pixels (prescription 3), and a second small VAE on z ~ q(z|x).
"""

from keras_vae.config import Config, StageConfig, replace

PAPER = {"batch_size": 128, "learning_rate": 1e-4, "epochs": 400}

AE = StageConfig(name="ae", model="autoencoder", network="strided_conv", latent_dim=64, steps_per_execution=10, **PAPER)
VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="latent_residual",
    latent_dim=64,  # kappa = d~: "a small VAE with d~ = kappa"
    model_options={"error_space": "pixels"},
    steps_per_execution=10,
    **PAPER,
)
SECOND = StageConfig(name="second", model="gaussian_vae", network="latent_residual", latent_dim=64, **PAPER)


def paper():
    """As published, at 128x128."""
    return Config(dataset="celeb_a", data_options={"image_size": [128, 128]}, stages=(AE, VAE, SECOND))


def quick():
    """64x64, narrow; under 25 minutes on two CPU cores for 8,000 images."""
    fast = {"learning_rate": 2e-3, "schedule": "exponential", "epochs": 40}
    stages = (
        replace(AE, **fast, batch_size=64, network_options={"width": 0.5}),
        # log gamma moves by about the learning rate a step, and has 5 to go from gamma = 1: 10,000 small batches are
        # enough of a way. Begun near its end instead, gamma leaves q(z) far from the prior.
        replace(VAE, **fast, batch_size=32),
        replace(SECOND, learning_rate=1e-3, schedule="exponential", epochs=150),
    )
    return Config(dataset="celeb_a", data_options={"image_size": [64, 64]}, stages=stages)
