"""Distribution strategies, by name."""

import contextlib

import tensorflow as tf

from keras_vae.training import workers


def resolve(name):
    """Return the name that `auto` stands for here: multi_worker where TF_CONFIG names several workers, mirrored where
    there are several GPUs, else single."""
    if name not in STRATEGIES and name != "auto":
        raise ValueError(f"unknown strategy {name!r}; known: auto, {', '.join(sorted(STRATEGIES))}")
    if name != "auto":
        return name
    if workers.cluster()[0] > 1:
        return "multi_worker"
    return "mirrored" if len(tf.config.list_logical_devices("GPU")) > 1 else "single"


def scope(name):
    """Return a fresh strategy's scope. Models must be made inside it."""
    return STRATEGIES[resolve(name)]()


def _mirrored():
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices]).scope()


def _multi_worker():
    # TF_CONFIG names the workers. Each of them keeps a run of its own, with equal weights.
    return tf.distribute.MultiWorkerMirroredStrategy().scope()


STRATEGIES = {"single": contextlib.nullcontext, "mirrored": _mirrored, "multi_worker": _multi_worker}
