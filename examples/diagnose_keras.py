"""Diagnose a Keras VAE that was not made here, and give it a second stage: python examples/diagnose_keras.py

The model is that of Keras' own example: the encoder gives a mean, a log variance and a draw, and the loss is a squared
error and a KL divergence, with no variance of the decoder.
"""

import argparse
import pathlib

import keras
import numpy as np
import tensorflow as tf

import keras_vae as kv


class Sampling(keras.layers.Layer):
    """A draw of N(mean, exp(log variance))."""

    def call(self, inputs):
        mean, log_variance = inputs
        return mean + keras.ops.exp(log_variance / 2) * keras.random.normal(keras.ops.shape(mean))


class VAE(keras.Model):
    """The example's model: keras.io/examples/generative/vae."""

    def __init__(self, shape, latent_dim):
        super().__init__()
        x = keras.Input(shape)
        hidden = keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
        hidden = keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(hidden)
        hidden = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(hidden))
        mean, log_variance = keras.layers.Dense(latent_dim)(hidden), keras.layers.Dense(latent_dim)(hidden)
        self.encoder = keras.Model(x, [mean, log_variance, Sampling()([mean, log_variance])])
        z, (height, width, channels) = keras.Input((latent_dim,)), shape
        hidden = keras.layers.Dense(height // 4 * width // 4 * 32, activation="relu")(z)
        hidden = keras.layers.Reshape((height // 4, width // 4, 32))(hidden)
        for filters in (32, 16):
            hidden = keras.layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(hidden)
        hidden = keras.layers.Conv2DTranspose(channels, 3, padding="same", activation="sigmoid")(hidden)
        self.decoder = keras.Model(z, hidden)

    def train_step(self, images):
        with tf.GradientTape() as tape:
            mean, log_variance, z = self.encoder(images, training=True)
            error = keras.ops.sum(keras.ops.square(images - self.decoder(z, training=True)), axis=(1, 2, 3))
            kl = 0.5 * keras.ops.sum(mean**2 + keras.ops.exp(log_variance) - log_variance - 1.0, axis=1)
            loss = keras.ops.mean(error + kl)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


def main(out="diagnosis-keras", size=32, count=4000, epochs=10, **second):
    """Train their model, diagnose it, and diagnose what a second stage makes of it; returns both Diagnoses."""
    train = kv.data.load("faces", "train", image_size=(size, size), count=count)
    test = kv.data.load("faces", "test", image_size=(size, size), count=min(count, 500))
    keras.utils.set_random_seed(0)
    vae = VAE(train.shape[1:], latent_dim=16)
    vae.compile(keras.optimizers.Adam(1e-3))
    images, stop = train.astype("float32") / 255, keras.callbacks.TerminateOnNaN()
    vae.fit(images, epochs=epochs, batch_size=64, verbose=0, callbacks=[stop])

    def encode(images):
        mean, log_variance, _ = vae.encoder.predict_on_batch(images)
        return mean, np.exp(log_variance / 2)

    decode = vae.decoder.predict_on_batch
    alone = kv.diagnose(encode, decode, test, name="Keras VAE")
    stage = kv.second_stage(encode, train, **second)
    both = kv.diagnose(
        encode, decode, test, sample=lambda n, seed: decode(stage.sample(n, seed)), name="Keras VAE, second stage"
    )
    both.write(out)
    return alone, both


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", default="diagnosis-keras", help="of the page, new or of an earlier one")
    directory = parser.parse_args().directory
    _, found = main(directory)
    print(f"{found}\nlook at {pathlib.Path(directory, 'report.html')}")
