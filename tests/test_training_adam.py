"""Adam by TensorFlow's kernel beside Keras' own."""

import keras
import numpy as np
import tensorflow as tf

from keras_vae.training.adam import Adam

SHAPES = [(3, 4), (4,), ()]


def trained(rule, gradients):
    """Weights and the variables of the optimiser after a step for each gradient."""
    random = np.random.default_rng(0)
    optimizer = rule(keras.optimizers.schedules.CosineDecay(1e-2, len(gradients)), beta_1=0.8, epsilon=1e-8)
    weights = [keras.Variable(random.standard_normal(shape), dtype="float32") for shape in SHAPES]
    optimizer.build(weights)

    @tf.function
    def step(*parts):
        optimizer.apply(parts, weights)

    for parts in gradients:
        step(*map(tf.constant, parts))
    return [*weights, *optimizer.variables]


def test_it_takes_the_steps_of_kerass_own():
    random = np.random.default_rng(1)
    gradients = [
        [np.float32(random.standard_normal(shape) * 10.0**power) for shape in SHAPES] for power in range(-9, 3)
    ]
    for own, ours in zip(trained(keras.optimizers.Adam, gradients), trained(Adam, gradients)):
        # 1 - 0.999 in float32 is 1.3e-5 of itself off.
        np.testing.assert_allclose(ours.numpy(), own.numpy(), rtol=2e-5, err_msg=ours.path)
