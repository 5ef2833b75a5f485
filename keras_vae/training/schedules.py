"""Learning-rate schedules, listed in SCHEDULES: each maps progress in [0, 1) to a factor of the initial rate."""

import math

import keras
import tensorflow as tf

from keras_vae import plugins


def constant(progress):
    """The CelebA schedule: always the initial rate."""
    return tf.ones_like(progress)


def exponential(progress):
    """Down to a tenth of the initial rate."""
    return tf.pow(10.0, -progress)


def cosine(progress):
    """Down to zero, so that the noise of the last steps vanishes too."""
    return 0.5 + 0.5 * tf.cos(math.pi * progress)


def dai_wipf(progress):
    """Halved at 3/8 and 3/4 of the training: after 150 and 300 of 400 epochs, as in the code of Dai & Wipf (2019)."""
    return tf.pow(0.5, tf.floor(progress / 0.375))


def burda(progress):
    """The MNIST schedule of Burda et al.: 10^(-i/7) during 3^i of 3,280 epochs, i = 0..7 (RB supplement, section 2)."""
    ends = tf.constant([(3 ** (i + 1) - 1) / 2 / 3280 for i in range(7)])
    phase = tf.reduce_sum(tf.cast(progress[..., None] >= ends, tf.float32), axis=-1)
    return tf.pow(10.0, -phase / 7.0)


SCHEDULES = {
    "burda": burda,
    "constant": constant,
    "cosine": cosine,
    "dai_wipf": dai_wipf,
    "exponential": exponential,
}


class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """`rate` times the named schedule, over `steps` steps."""

    def __init__(self, rate, name, steps):
        plugins.one_of(name, sorted(SCHEDULES), "learning-rate schedule")
        self.rate, self.name, self.steps = rate, name, steps

    def __call__(self, step):
        return self.rate * SCHEDULES[self.name](tf.cast(step, tf.float32) / self.steps)

    def get_config(self):
        return {"rate": self.rate, "name": self.name, "steps": self.steps}
