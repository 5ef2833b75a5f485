"""Distribution strategies, by name."""

import functools

import tensorflow as tf

from keras_vae import plugins
from keras_vae.training import workers


def gpus():
    """Return the GPUs of this machine, by name."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


def resolve(name):
    """Return the name that `auto` stands for here: multi_worker where TF_CONFIG names several workers, mirrored where
    there are several GPUs, else single."""
    if plugins.one_of(name, ("auto", *sorted(STRATEGIES)), "strategy") != "auto":
        return name
    if workers.cluster()[0] > 1:
        return "multi_worker"
    return "mirrored" if len(gpus()) > 1 else "single"


def make(name):
    """Return a strategy, always the same. Models must be made in its scope()."""
    return STRATEGIES[resolve(name)]()


# One of a kind in a process: TensorFlow takes the sums over replicas of two of them for each other's, and fails.
@functools.cache
def _mirrored():
    return tf.distribute.MirroredStrategy(gpus() or [each.name for each in tf.config.list_logical_devices("CPU")])


@functools.cache
def _multi_worker():
    # TF_CONFIG names the workers. Each of them keeps a run of its own, with equal weights.
    return tf.distribute.MultiWorkerMirroredStrategy()


STRATEGIES = {"single": tf.distribute.get_strategy, "mirrored": _mirrored, "multi_worker": _multi_worker}
