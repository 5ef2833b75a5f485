"""The gradient of the loss with respect to the codes, outside training."""

import contextlib

import numpy as np
import tensorflow as tf

from keras_vae.checks import checked_count, checked_data
from keras_vae.maths.arrays import blocks
from keras_vae.models.stack import Stack
from keras_vae.models.trainable import Trainable
from keras_vae.status import Progress


def gradient_norm(model: Trainable, images: np.ndarray, batch_size: int = 256) -> np.ndarray:
    """||dL/dz||_2 of each example, (n,), L being the loss of one example (regularisation balance, Fig. 1).

    model: a stack, whose active stage is measured, or one of our stages on its own, on its own data. Weights, gamma
    and noise counters stay as they are; the draws are those that the next training step would make outside XLA.
    images: (n, *data_shape).
    """
    if not isinstance(model, Trainable):
        raise ValueError(f"model is a {type(model).__name__}; expected a Stack or one of its stages")
    images, batch_size = checked_data(images, model.data_shape), checked_count(batch_size, "batch_size")
    with _undisturbed(model):

        @tf.function(input_signature=[tf.TensorSpec((None, *model.data_shape), images.dtype)], autograph=False)
        def norms(x):
            with tf.GradientTape() as tape:
                terms, z = model.terms(_batch(model, x), training=False)
                loss = tf.reduce_mean(terms["loss"])
            return tf.norm(tape.gradient(loss, z), axis=-1) * tf.cast(tf.shape(z)[0], tf.float32)

        norms = norms.get_concrete_function()  # one trace per call of ours is no mistake that TensorFlow should report
        bar = Progress(blocks(len(images), batch_size), "gradients", unit="batches")
        return np.concatenate([norms(tf.constant(images[rows])) for rows in bar])


def _batch(model, x):
    """A batch of what fit takes, of the images x."""
    if not isinstance(model, Stack):
        return x
    first, *others = model.codec.training_inputs(model.active_stage.name, x)
    return (first, *others) if others else first


@contextlib.contextmanager
def _undisturbed(model):
    """Draw noise outside XLA, and put its counters back."""
    models = [model, *(model.stage(name) for name in model.stages)] if isinstance(model, Stack) else [model]
    counters = [each.noise.counter for each in models if hasattr(each, "noise")]
    counters += [each.draws.counter for each in models if hasattr(each, "draws")]
    eager, saved = [each.run_eagerly for each in models], [int(counter.numpy()) for counter in counters]
    for each in models:
        each.run_eagerly = True  # threefry has no kernel outside XLA; the code below is compiled all the same
    try:
        yield
    finally:
        for each, value in zip(models, eager):
            each.run_eagerly = value
        for counter, value in zip(counters, saved):
            counter.assign(value)
