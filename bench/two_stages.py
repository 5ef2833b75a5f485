"""Speed of both stages of Dai & Wipf's VAE on MNIST, and of encoding between them, beside their published code.

    python bench/two_stages.py --data_dir=TFDS --theirs=FOLDER [--rounds=3] [--seconds=30]

FOLDER is a checkout of daib13/TwoStageVAE. Its graphs are built and run as they are, through the interfaces of
TensorFlow 1 that TensorFlow 2 keeps, TensorFlow as it comes; ours are the preset two_stage_vae as published, trained by
kv.train with all callbacks. Building of graphs, compilation and warm-up are not counted.
"""

import json
import os
import pathlib
import sys
import tempfile
import time
import types

import numpy as np
from _arms import compare
from _timer import StopAfter
from absl import app, flags

flags.DEFINE_string("data_dir", None, "TFDS directory with MNIST.")
flags.DEFINE_string("theirs", None, "Checkout of TwoStageVAE.")
flags.DEFINE_integer("rounds", 3, "Times that each arm is run.")
flags.DEFINE_float("seconds", 30.0, "Least time that is measured in each run.")
flags.DEFINE_string("part", None, "Of --arm.")
flags.DEFINE_string("arm", None, "Run one arm in this process and print its figure as JSON.")
flags.mark_flags_as_required(["data_dir", "theirs"])

BATCH, WARM = 64, 50
PARTS = {"first stage": "images/s", "posteriors": "images/s", "second stage": "codes/s"}


def ours(part, seconds):
    """Examples/s of kv.train, with backup, probe, TensorBoard, guard and progress; of encoding, of Stack.encode."""
    from keras_vae import _quiet

    _quiet.import_tensorflow()  # with what the scripts set before it
    import keras

    import keras_vae as kv
    from keras_vae.config import override, replace
    from keras_vae.presets import two_stage_vae

    images = kv.data.load("mnist", "train", data_dir=flags.FLAGS.data_dir)
    config = replace(two_stage_vae.paper(), data_options={"data_dir": flags.FLAGS.data_dir})
    with tempfile.TemporaryDirectory() as folder:
        if part == "first stage":
            timer = StopAfter(keras.callbacks.Callback, len(images) // BATCH, seconds, stage="vae", warm=WARM)
            kv.train(config, folder, "vae", callbacks=[timer.callback])
            return timer.rate * BATCH
        some = images[:8_000], images[-1_000:]  # a short first stage, or the second one never began
        config = override(config, ["vae.epochs=1"])
        if part == "posteriors":
            stack = kv.train(config, folder, "vae", examples=some)
            return repeated(lambda: stack.encode(images[:10_000], "vae"), 10_000, seconds)
        timer = StopAfter(keras.callbacks.Callback, len(some[0]) // BATCH, seconds, stage="second")
        kv.train(config, folder, callbacks=[timer.callback], examples=some)
        return timer.rate * BATCH


def theirs(part, seconds):
    """Examples/s of the loops of their demo.py."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"  # tf.layers
    import tensorflow.compat.v1 as tf

    import keras_vae as kv

    images = np.array(kv.data.load("mnist", "train", data_dir=flags.FLAGS.data_dir))
    tf.disable_v2_behavior()
    contrib = types.ModuleType("tensorflow.contrib")
    contrib.layers = None  # imported there, and not used
    sys.modules |= {"tensorflow": tf, "tensorflow.contrib": contrib}
    sys.path.insert(0, flags.FLAGS.theirs)
    from network.two_stage_vae_model import Infogan

    model = Infogan(tf.placeholder(tf.uint8, [BATCH, *images.shape[1:]], "x"))
    session = tf.InteractiveSession()
    session.run(tf.global_variables_initializer())
    if part == "posteriors":
        return repeated(lambda: model.extract_posterior(session, images[:10_000]), 10_000, seconds)
    generator, batches = np.random.default_rng(0), len(images) // BATCH
    mean, stddev = generator.standard_normal((2, len(images), 64), np.float32)

    def step(number):
        rows = slice(number % batches * BATCH, (number % batches + 1) * BATCH)
        if part == "first stage":
            model.step(1, images[rows], 1e-4, session)
        else:
            codes = mean[rows] + np.abs(stddev[rows]) * np.random.normal(0, 1, [BATCH, 64])
            model.step(2, codes, 1e-4, session)

    for number in range(WARM):
        step(number)
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        step(number)
        number += 1
    return number * BATCH / (time.perf_counter() - began)


def repeated(function, examples, seconds):
    """Examples/s of a function that takes so many at each call; its first call is not counted."""
    function()
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        function()
        calls += 1
    return calls * examples / (time.perf_counter() - began)


ARMS = {"ours": ours, "TwoStageVAE": theirs}


def main(_):
    args = flags.FLAGS
    if args.arm:
        print(json.dumps(ARMS[args.arm](args.part, args.seconds)))
        return
    for part, unit in PARTS.items():
        options = [f"--{name}={getattr(args, name)}" for name in ("data_dir", "theirs", "seconds")]
        compare(__file__, list(ARMS), args.rounds, [*options, f"--part={part}"], unit, part)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
