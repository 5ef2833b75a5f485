"""Small SavedModels for the tests of serving, with every kind of signature."""

import pathlib

import numpy as np
import tensorflow as tf

FEATURES = {"x": tf.io.FixedLenFeature([], tf.float32)}


def spec(shape, dtype, name):
    return tf.TensorSpec(shape, dtype, name=name)


class Scale(tf.Module):
    """y = factor * x."""

    def __init__(self, factor):
        super().__init__()
        self.factor = tf.Variable(float(factor))

    @tf.function(input_signature=[spec([None, 2], tf.float32, "x")])
    def __call__(self, x):
        return {"y": self.factor * x}


class Everything(Scale):
    """Two inputs, strings, bytes, integers, scalars, a file, tf.Examples, and a run that takes its time."""

    def __init__(self, factor, asset):
        super().__init__(factor)
        self.asset = tf.saved_model.Asset(asset)

    @tf.function(input_signature=[spec([None], tf.float32, "a"), spec([None], tf.float32, "b")])
    def two(self, a, b):
        return {"sum": a + b, "difference": a - b}

    @tf.function(input_signature=[spec([None], tf.string, "text")])
    def text(self, text):
        return {"upper": tf.strings.upper(text), "echo_bytes": text}

    @tf.function(input_signature=[spec([None], tf.uint8, "u"), spec([None], tf.int64, "i"), spec([None], tf.bool, "b")])
    def kinds(self, u, i, b):
        casts = {"half": tf.half, "brain": tf.bfloat16, "double": tf.double, "i16": tf.int16}
        outputs = {name: tf.cast(u, dtype) for name, dtype in casts.items()}
        return {"u": u, "i": i, "not_b": ~b, "complex": tf.complex(tf.cast(u, tf.float32), 1.0), **outputs}

    @tf.function(input_signature=[spec([], tf.float32, "n")])
    def count(self, n):
        """Slow on purpose: a step of the loop takes microseconds."""
        i = tf.zeros([])
        while i < n:
            i += 1
        return {"n": i}

    @tf.function(input_signature=[spec([None], tf.float32, "x")])
    def mean(self, x):
        """Not to be batched: one value for all rows."""
        return {"mean": tf.reduce_mean(x, keepdims=True)}

    @tf.function(input_signature=[spec([None], tf.string, "name")])
    def read(self, name):
        return {"content": tf.map_fn(tf.io.read_file, name), "asset": tf.io.read_file(self.asset)[None]}

    @tf.function(input_signature=[spec([None], tf.string, "inputs")])
    def classify(self, inputs):
        x = tf.io.parse_example(inputs, FEATURES)["x"] * self.factor
        labels = tf.stack([tf.strings.as_string(x), tf.fill(tf.shape(x), "no")], 1)
        return {"classes": labels, "scores": tf.stack([x, -x], 1)}

    @tf.function(input_signature=[spec([None], tf.string, "inputs")])
    def regress(self, inputs):
        return {"outputs": tf.io.parse_example(inputs, FEATURES)["x"] * self.factor}

    @tf.function(input_signature=[spec([None], tf.float32, "x"), tf.TensorSpec([], tf.float32, name="plus")])
    def plus(self, x, plus=tf.constant(10.0)):  # noqa: B008  a default that the SavedModel takes along
        return {"y": x + plus}


def export_scale(base_path, version, factor):
    """A version of the model y = factor * x; returns its folder."""
    folder = pathlib.Path(base_path) / str(version)
    model = Scale(factor)
    tf.saved_model.save(model, str(folder), signatures=model.__call__.get_concrete_function())
    return folder


def export_everything(base_path, version, factor=2.0):
    folder = pathlib.Path(base_path) / str(version)
    asset = folder.parent / "asset.txt"
    folder.parent.mkdir(parents=True, exist_ok=True)
    asset.write_text("an asset")
    model = Everything(factor, str(asset))
    names = ("two", "text", "kinds", "count", "mean", "read", "classify", "regress", "plus")
    signatures = {"serving_default": model.__call__} | {name: getattr(model, name) for name in names}
    tf.saved_model.save(model, str(folder), signatures=signatures)
    asset.unlink()
    return folder


def write_warm_up(folder, *logs):
    """PredictionLogs to replay when the version is loaded."""
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def floats(*values, shape=None):
    """A float32 TensorProto."""
    return tf.make_tensor_proto(np.array(values, np.float32).reshape(shape or [len(values)]))
