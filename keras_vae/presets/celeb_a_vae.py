"""VAE on CelebA, a baseline of Tables 3 and 4 of regularisation balance: end to end on the aggregate network.

"We train a WAE-MMD network using the aggregate AE plus VAE structure ... we repeat this process with a plain VAE model
using the same architecture" (section 6). celeb_a_ae_vae is the same layers in two stages.
"""

from keras_vae.config import Config, StageConfig, replace
from keras_vae.presets import celeb_a_vae_plus

VAE = StageConfig(
    name="vae",
    model="gaussian_vae",
    network="aggregate",
    latent_dim=64,
    steps_per_execution=10,
    **celeb_a_vae_plus.PAPER,
)


def paper() -> Config:
    """As published, at 128x128; the schedule is that of one stage of VAE+."""
    return Config(dataset="celeb_a", data_options={"image_size": [128, 128]}, stages=(VAE,))


def quick() -> Config:
    """64x64, as wide as the quick VAE+, and as many steps as its VAE stage, which log gamma needs."""
    ae, vae, _ = celeb_a_vae_plus.quick().stages
    fast = {name: getattr(vae, name) for name in ("learning_rate", "schedule", "epochs", "batch_size")}
    stage = replace(VAE, network_options=ae.network_options, **fast)
    return Config(dataset="celeb_a", data_options={"image_size": [64, 64]}, stages=(stage,))
