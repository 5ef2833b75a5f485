"""AE + WAE-MMD on CelebA: the autoencoder of VAE+, and on its codes a WAE with the network that the VAE has there.

celeb_a_wae is the same layers end to end, and says which weight the MMD has.
"""

from keras_vae.config import Config, replace
from keras_vae.presets import celeb_a_vae_plus, celeb_a_wae


def paper() -> Config:
    """As published, at 128x128."""
    return _with_wasserstein(celeb_a_vae_plus.paper())


def quick() -> Config:
    """64x64, narrow."""
    config = _with_wasserstein(celeb_a_vae_plus.quick())
    ae, wae = config.stages
    # The MMD of a small batch is mostly noise: this stage keeps the published size.
    return replace(config, stages=(ae, replace(wae, batch_size=celeb_a_vae_plus.VAE.batch_size, learning_rate=1e-3)))


def _with_wasserstein(config: Config) -> Config:
    ae, vae, _ = config.stages
    options = {"error_space": "pixels", "weight": celeb_a_wae.WEIGHT}
    wae = replace(vae, name="wae", model="wasserstein", model_options=options, gamma={"mode": "optimal"})
    return replace(config, stages=(ae, wae))
