"""Several steps in one dispatch are the same steps, on one device, in XLA, and on several replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.models import Autoencoder, GaussianVAE, Stack
from keras_vae.models.noise import Noise
from keras_vae.training import strategy as strategies
from tests import tiny


def strategy(replicas):
    if replicas == 1:
        return tf.distribute.get_strategy()
    return strategies.make("mirrored")  # of the two processors of conftest.py


def trained(replicas=1, jit_compile=False, steps_per_execution=1, epochs=2, make=tiny.vae, batches=13, **options):
    """(model, logs) after `epochs` epochs of plain SGD on the same batches of 8."""
    with strategy(replicas).scope():
        model = make()
        # Smooth enough for SGD that different roundings stay together.
        optimizer = keras.optimizers.SGD(1e-4)
        model.compile(optimizer, jit_compile=jit_compile, steps_per_execution=steps_per_execution, **options)
    dataset = tf.data.Dataset.from_tensor_slices(tiny.images(8 * batches)).batch(8, drop_remainder=True)
    history = model.fit(dataset, epochs=epochs, verbose=0, shuffle=False).history
    return model, history


def autoencoder():
    return Autoencoder(*tiny.networks(stochastic=False), name="ae")


@pytest.fixture(scope="module")
def one():
    """(model, logs) of steps taken one by one: those of two epochs of a VAE."""
    return trained()


@pytest.fixture(scope="module")
def plain():
    """The same of an autoencoder."""
    return trained(make=autoencoder)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_many_steps_a_dispatch_are_the_same_steps(jit_compile, plain):
    """13 batches in dispatches of 5: the last of each epoch is short, and no step is lost or repeated."""
    one, one_logs = plain
    many, many_logs = trained(make=autoencoder, jit_compile=jit_compile, steps_per_execution=5)
    assert many.optimizer.iterations.numpy() == 26
    np.testing.assert_allclose(tiny.weights(one), tiny.weights(many), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(one_logs["loss"], many_logs["loss"], rtol=1e-5)


def test_keras_own_train_function_agrees(plain):
    """Our train step also runs under the function that Keras makes."""

    class ByKeras(Autoencoder):
        def make_train_function(self, force=False):
            return keras.Model.make_train_function(self, force)

    ours, logs = plain
    keras_own, keras_logs = trained(make=lambda: ByKeras(*tiny.networks(stochastic=False), name="ae"))
    np.testing.assert_allclose(tiny.weights(ours), tiny.weights(keras_own), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(logs["loss"], keras_logs["loss"], rtol=1e-5)


def test_eager_steps_agree():
    ours, _ = trained(steps_per_execution=4, batches=6)
    eager, _ = trained(steps_per_execution=4, batches=6, run_eagerly=True)
    np.testing.assert_allclose(tiny.weights(ours), tiny.weights(eager), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("steps_per_execution", [1, 5])
def test_two_replicas_take_the_same_steps_as_one(steps_per_execution, one):
    """With noise: each replica keeps its rows of the noise of the global batch."""
    one, one_logs = one
    two, two_logs = trained(2, steps_per_execution=steps_per_execution)
    assert two.optimizer.iterations.numpy() == 26
    np.testing.assert_allclose(tiny.weights(one), tiny.weights(two), rtol=1e-4, atol=1e-6)
    for name, values in one_logs.items():
        np.testing.assert_allclose(values, two_logs[name], rtol=1e-4, err_msg=name)


def test_a_strategy_of_one_replica_works(one):
    one, _ = one
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = tiny.vae()
        model.compile(keras.optimizers.SGD(1e-4), jit_compile=True, steps_per_execution=5)
    dataset = tf.data.Dataset.from_tensor_slices(tiny.images(8 * 13)).batch(8, drop_remainder=True)
    model.fit(dataset, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_allclose(tiny.weights(one), tiny.weights(model), rtol=1e-4, atol=1e-6)


def test_two_replicas_evaluate_as_one():
    one, _ = trained(1, epochs=1)
    two, _ = trained(2, epochs=1, steps_per_execution=4)
    for model in (one, two):
        model.noise.counter.assign(0)
    x = tf.data.Dataset.from_tensor_slices(tiny.images(40, seed=3)).batch(8)
    np.testing.assert_allclose(one.evaluate(x, verbose=0), two.evaluate(x, verbose=0), rtol=1e-4)


def test_short_last_batches_are_trained_on():
    """50 examples in batches of 16, given as an array: the last batch has 2, and counts as 2."""
    model = autoencoder()
    model.compile(keras.optimizers.SGD(0.0), jit_compile=True, steps_per_execution=3)
    x = tiny.images(50)
    logs = model.fit(x, batch_size=16, epochs=1, verbose=0).history
    assert int(model.optimizer.iterations) == 4
    unit = x / np.float32(255)
    expected = np.mean(np.sum((unit - model(unit).numpy()) ** 2, axis=(1, 2, 3)))
    assert logs["loss"][0] == pytest.approx(expected, rel=1e-4)


def test_replicas_draw_different_noise_and_the_counter_is_saved(tmp_path):
    with (scope := strategy(2)).scope():
        noise = Noise(seed=3)
        like = tf.zeros((4, 3))
        draws = [r.numpy() for r in scope.run(lambda: noise.normal(like, compiled=False)).values]
    assert not np.any(np.isclose(*draws))
    assert noise.counter.numpy() == 1
    single = Noise(seed=3)
    np.testing.assert_array_equal(np.concatenate(draws), single.normal(tf.zeros((8, 3)), compiled=False))
    again = single.normal(tf.zeros((8, 3)), compiled=False)
    assert not np.any(np.isclose(np.concatenate(draws), again)), "each draw is fresh"


def test_noise_inside_xla_is_normal():
    noise = Noise(seed=1)
    draws = tf.function(lambda: noise.normal(tf.zeros((4000, 8)), compiled=True), jit_compile=True)().numpy()
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1) < 0.02


def test_the_first_failure_names_term_and_step():
    model = tiny.vae()
    model.compile(keras.optimizers.SGD(1e-6), jit_compile=False, steps_per_execution=4)
    x = tiny.images(80) / np.float32(255)
    x[8 * 6 + 3] = np.nan  # batch 7
    model.fit(tf.data.Dataset.from_tensor_slices(x).batch(8, drop_remainder=True), verbose=0, shuffle=False)
    assert min(model.failures().values()) == 7
    assert model.failures()["reconstruction"] == 7


def test_frozen_stages_stay_as_they_are():
    """Training in pixels passes gradients through the stage below; its weights and batch statistics must not move."""
    from keras_vae.networks import strided_conv

    shape = (16, 16, 1)
    coder = (strided_conv.encoder(shape, 16, stochastic=False, width=0.05), strided_conv.decoder(16, shape, width=0.05))
    below = Autoencoder(*coder, name="ae")
    above = GaussianVAE(*tiny.networks(latent_dim=4, shape=(16,)), error_space="pixels", name="vae")
    stack = Stack([below, above])
    before, moving = tiny.weights(below), tiny.weights(above)
    x = np.random.default_rng(0).integers(0, 256, (64, *shape), dtype=np.uint8)
    mean, stddev = stack.encode(x, stage="ae")
    assert not stddev.any()
    stack.compile(keras.optimizers.Adam(1e-3), jit_compile=False, steps_per_execution=2)
    dataset = tf.data.Dataset.from_tensor_slices((mean, stddev, x)).batch(16, drop_remainder=True)
    logs = stack.fit(dataset, epochs=2, verbose=0, shuffle=False).history
    np.testing.assert_array_equal(before, tiny.weights(below))
    assert np.abs(moving - tiny.weights(above)).max() > 1e-4
    # In pixels: 256 dimensions at gamma about 1, log(2 pi) / 2 each, not the 16 of the code.
    assert logs["reconstruction"][-1] > 200
