"""Latent diagnostics during the fit of any Keras model."""

import keras
import tensorflow as tf

from keras_vae.diagnostics.latent_moments import LatentMoments


class LatentReport(keras.callbacks.Callback):
    """Adds to the logs of each epoch the results of LatentMoments on `images`, as latent_active, latent_law_mean, ...

    encoder    any Keras model or function; images -> (mean, stddev, ...), each (batch, latent_dim).
    images     what the encoder takes, an array (n, ...).
    to_stddev  for an encoder that returns something else, as log variances: lambda v: keras.ops.exp(v / 2).
    """

    def __init__(self, encoder, images, batch_size=256, to_stddev=None):
        super().__init__()
        self.encoder, self.images, self.batch_size = encoder, images, batch_size
        self.to_stddev, self.moments = to_stddev or (lambda stddev: stddev), None
        options = {"training": False} if isinstance(encoder, keras.layers.Layer) else {}
        self._posterior = tf.function(lambda x: encoder(x, **options), reduce_retracing=True)

    def on_epoch_end(self, epoch, logs=None):
        if self.moments is not None:
            self.moments.reset_state()
        for start in range(0, len(self.images), self.batch_size):
            code = self._posterior(tf.convert_to_tensor(self.images[start : start + self.batch_size]))
            if not isinstance(code, (tuple, list)) or len(code) < 2:
                raise ValueError("encoder returned one tensor; expected (mean, stddev)")
            mean, stddev = code[0], self.to_stddev(code[1])
            if self.moments is None:
                self.moments = LatentMoments(mean.shape[-1])
            self.moments.update_state(mean, stddev)
        if logs is not None:
            logs.update({f"latent_{name}": float(value) for name, value in self.moments.result().items()})
