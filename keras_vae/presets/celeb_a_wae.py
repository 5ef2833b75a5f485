"""WAE-MMD on CelebA, the baseline of Tables 3 and 4 of regularisation balance.

The autoencoder of VAE+, and on its codes a Wasserstein autoencoder with the network that the VAE has there. The weight
of the MMD is that of Tolstikhin et al. (2018).
"""

from keras_vae.config import replace
from keras_vae.presets import celeb_a_vae_plus


def paper():
    """As published, at 128x128."""
    return _with_wasserstein(celeb_a_vae_plus.paper())


def quick():
    """64x64, narrow."""
    config = _with_wasserstein(celeb_a_vae_plus.quick())
    ae, wae = config.stages
    # The MMD of a small batch is mostly noise: this stage keeps the published size.
    return replace(config, stages=(ae, replace(wae, batch_size=celeb_a_vae_plus.VAE.batch_size, learning_rate=1e-3)))


def _with_wasserstein(config):
    ae, vae, _ = config.stages
    options = {"error_space": "pixels", "weight": 100.0}
    wae = replace(vae, name="wae", model="wasserstein", model_options=options, gamma={"mode": "optimal"})
    return replace(config, stages=(ae, wae))
