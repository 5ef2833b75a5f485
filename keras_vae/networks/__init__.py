"""Networks, one file each: functional Keras models for the two sides of a stage. The contract of a network NAME.py:

JIT_COMPILE: bool
                 whether steps of this network are faster inside XLA on a processor: dense ones are, convolutions not.
                 On a GPU a run measures it for itself (training/devices.py).
encoder(shape: tuple[int, ...], latent_dim: int, *, stochastic: bool = True, ...) -> keras.Model
                 x (batch, *shape) float32 -> [mean, stddev], each (batch, latent_dim) float32, stddev > 0; without
                 `stochastic` the mean alone.
decoder(latent_dim: int, shape: tuple[int, ...], ...) -> keras.Model
                 z (batch, latent_dim) -> x (batch, *shape) float32, whatever the precision of the layers.

Both begin with `check_sizes(shape, latent_dim)` of _sizes.py. Further keyword parameters of either are the network's
options, `network_options` of a StageConfig. Both are attributes here:
`kv.networks.residual_mlp.encoder((28, 28, 1), 50)`.
"""

from keras_vae import _lazy, plugins

__getattr__, __dir__ = _lazy.attributes(__name__, dict.fromkeys(plugins.names(__name__)))
