"""The "aggregate AE plus VAE structure" of the baselines (regularisation-balance paper, section 6, Tables 3 and 4).

The layers of the autoencoder of VAE+ (strided_conv) and those of the small VAE on its codes (latent_residual), one
behind the other, as one network that is trained end to end. `code_dim` is the width where they meet.
"""

import keras

from keras_vae.networks import strided_conv
from keras_vae.networks._blocks import gaussian_head
from keras_vae.networks._sizes import check_sizes
from keras_vae.networks.latent_residual import residual

JIT_COMPILE = False


def encoder(shape, latent_dim, *, stochastic=True, width=1.0, code_dim=64, small_width=256, depth=2):
    """x (batch, H, W, C) -> mean, stddev, each (batch, latent_dim). `width` is strided_conv's, the others follow it."""
    check_sizes(shape, latent_dim)
    x = keras.Input(shape, name="x")
    code = strided_conv.encoder(shape, code_dim, stochastic=False, width=width)(x)
    return keras.Model(x, gaussian_head(residual(code, small_width, depth), latent_dim, stochastic), name="encoder")


def decoder(latent_dim, shape, *, width=1.0, code_dim=64, small_width=256, depth=2):
    """z (batch, latent_dim) -> x (batch, H, W, C)."""
    check_sizes(shape, latent_dim)
    z = keras.Input((latent_dim,), name="z")
    code = keras.layers.Dense(code_dim, dtype="float32", name="last")(residual(z, small_width, depth))
    return keras.Model(z, strided_conv.decoder(code_dim, shape, width=width)(code), name="decoder")
