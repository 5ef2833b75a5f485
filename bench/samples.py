"""Sampling beside the bare products and convolutions of its layers, and beside decoding, in turns in one process.

    python bench/samples.py [--count=10000] [--rounds=3]

The bare side multiplies, or convolves, random arrays of the shapes that the layers of the decoders see, 256 rows at
a time as Stack.sample does, and does nothing else: no noise, no bias, no normalisation, no activation, no array of
all images. The second table is a graph called with 64 rows, as a server calls the signatures sample and decode.
"""

import functools

import numpy as np
from _layers import products
from _turns import row, timed
from absl import app, flags

from keras_vae import cli

flags.DEFINE_integer("count", 10_000, "Samples.")
flags.DEFINE_integer("rounds", 3, "Times that each side is run.")

BATCH, SERVED, CALLS = 256, 64, 50


def stacks():
    """{name: Stack of new weights}, one for each kind of decoder."""
    from keras_vae.models import GaussianVAE, Stack
    from keras_vae.networks import concat_mlp, infogan, residual_mlp, strided_conv

    def vae(network, shape, latent_dim, name="vae", **options):
        return GaussianVAE(
            network.encoder(shape, latent_dim, **options), network.decoder(latent_dim, shape, **options), name=name
        )

    digits, faces = (28, 28, 1), (64, 64, 3)
    return {
        "residual MLP, 28x28, kappa 200": Stack([vae(residual_mlp, digits, 200)]),
        "infogan, 28x28, second stage 3 x 1024": Stack(
            [vae(infogan, digits, 64), vae(concat_mlp, (64,), 64, "second", width=1024)]
        ),
        "strided convolutions, 64x64, width 1/2": Stack([vae(strided_conv, faces, 64, width=0.5)]),
    }


def bare(stack):
    """A graph of the products and convolutions of all decoders for BATCH rows."""
    import tensorflow as tf

    work = []
    for name in stack.stages:
        for layer in products(stack.stage(name).decoder):
            kernel, x = layer.kernel.value, tf.random.normal((BATCH, *layer.input.shape[1:]))
            if "Transpose" in type(layer).__name__:
                shape = (BATCH, *layer.output.shape[1:])
                work.append(lambda x=x, k=kernel, s=shape, layer=layer: tf.nn.conv2d_transpose(x, k, s, layer.strides))
            elif "Conv" in type(layer).__name__:
                padding = layer.padding.upper()
                work.append(lambda x=x, k=kernel, p=padding, layer=layer: tf.nn.conv2d(x, k, layer.strides, p))
            else:
                work.append(lambda x=x, k=kernel: tf.matmul(x, k))

    @tf.function
    def run():  # a corner of each product, or it might not be computed
        return tf.add_n([tf.reshape(each(), [-1])[0] for each in work])

    return run


def main(_):
    from keras_vae import _quiet

    _quiet.import_tensorflow()
    import tensorflow as tf

    count, rounds, made = flags.FLAGS.count, flags.FLAGS.rounds, stacks()
    print(f"| {count:,} samples | sample, s | bare, s | ratio, round by round |\n|---|---|---|---|")
    for name, stack in made.items():
        layers, calls = bare(stack), -(-count // BATCH)
        sides = [functools.partial(stack.sample, count), functools.partial(repeated, layers, calls)]
        row(name, timed(sides, rounds, warm=1)[0], over=0)
    print(f"\n| {SERVED} rows | sample, ms | decode, ms | ratio, round by round |\n|---|---|---|---|")
    for name, stack in made.items():
        sample = tf.function(stack.codec.sample, input_signature=[tf.TensorSpec((None,), tf.int64)])
        decode = tf.function(stack.codec.decode, input_signature=[tf.TensorSpec((None, stack.latent_dim), tf.float32)])
        seeds, codes = tf.range(SERVED, dtype=tf.int64), tf.random.normal((SERVED, stack.latent_dim))
        sides = [functools.partial(repeated, sample, CALLS, seeds), functools.partial(repeated, decode, CALLS, codes)]
        row(name, 1e3 / CALLS * np.array(timed(sides, rounds, warm=1)[0]), over=0)


def repeated(graph, calls, *inputs):
    for _ in range(calls):
        graph(*inputs).numpy()


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
