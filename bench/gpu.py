"""Training speed on this machine's devices: a table to send back.

    python bench/gpu.py [--seconds=8] [--only=WORDS]

Each row is a training by the public entry point with all callbacks, in a process of its own: the network of RB Table 1,
the autoencoder of RB Section 6 at 64x64, and the VAE above it that measures in pixels; inside XLA and outside, in
float32 and mixed_bfloat16, on one device and, where there are several GPUs, on all. Compilation and warm-up are not
counted. What fails says why in its row.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from _timer import StopAfter
from absl import app, flags

flags.DEFINE_float("seconds", 8.0, "Least time that is measured in each run.")
flags.DEFINE_string("only", "", "Words that a row must have, such as: mlp XLA")
flags.DEFINE_string("row", None, "Run one row in this process and print its figure as JSON.")

IMAGES = 2048
WORKLOADS = {  # stage that is timed, its batch size
    "mlp, kappa 200, batch 20": ("mlp", "vae", 20),
    "mlp, kappa 200, batch 128": ("mlp", "vae", 128),
    "autoencoder 64x64, batch 64": ("faces", "ae", 64),
    "VAE in pixels above it, batch 32": ("faces", "vae", 32),
}
PATHS = {"plain": "false", "XLA": "true"}
PRECISIONS = ("float32", "mixed_bfloat16")
SEPARATOR = " | "


def configuration(kind, stage, batch, xla, precision, strategy):
    from keras_vae.config import override, replace
    from keras_vae.presets import celeb_a_vae_plus, mnist_vae

    if kind == "mlp":
        data = {"dimension": 784, "count": 20_000}
        config = replace(mnist_vae.paper(), dataset="subspace", data_options=data)
    else:
        data = {"image_size": [64, 64], "count": IMAGES}
        stages = [each for each in celeb_a_vae_plus.paper().stages if each.name != "second"]
        config = replace(celeb_a_vae_plus.paper(), dataset="faces", data_options=data, stages=tuple(stages))
    epochs = [f"{each.name}.epochs={1000 if each.name == stage else 1}" for each in config.stages]
    numbers = (f"{stage}.batch_size={batch}", f"{stage}.jit_compile={xla}", f"{stage}.schedule=constant")
    return override(replace(config, precision=precision, strategy=strategy), [*epochs, *numbers])


def measured(row, seconds):
    """Examples/s of one row."""
    import keras

    import keras_vae as kv

    name, path, precision, strategy = row.split(SEPARATOR)
    kind, stage, batch = WORKLOADS[name]
    config = configuration(kind, stage, batch, PATHS[path], precision, strategy)
    steps = config.data_options["count"] // batch
    timer = StopAfter(keras.callbacks.Callback, steps, seconds, stage, warm=300 if kind == "mlp" else steps)
    with tempfile.TemporaryDirectory() as folder:
        kv.train(config, folder, "all" if stage == config.stages[-1].name else stage, [timer.callback])
    return timer.rate * batch


def devices():
    """GPUs by their names, or the processor; versions."""
    import keras
    import tensorflow as tf

    gpus = [
        tf.config.experimental.get_device_details(each).get("device_name", "a GPU")
        for each in tf.config.list_physical_devices("GPU")
    ]
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    return gpus, f"{', '.join(gpus) or 'no GPU'}; {cpu}; TensorFlow {tf.__version__}, Keras {keras.__version__}"


def table(seconds, words):
    gpus, machine = devices()
    strategies = ["single"] + ["mirrored"] * (len(gpus) > 1)
    print(f"{machine}\n\n| training | steps | precision | devices | examples/s |\n|---|---|---|---|---|", flush=True)
    for name in WORKLOADS:
        for path in PATHS:
            for precision in PRECISIONS:
                for strategy in strategies:
                    row = SEPARATOR.join((name, path, precision, strategy))
                    if not all(word in row for word in words):
                        continue
                    command = [sys.executable, __file__, f"--row={row}", f"--seconds={seconds}"]
                    done = subprocess.run(command, capture_output=True, text=True)
                    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
                    figure = f"{json.loads(lines[-1]):,.0f}" if done.returncode == 0 else f"fails: {lines[-1][:200]}"
                    print(f"| {row} | {figure} |", flush=True)


def main(_):
    args = flags.FLAGS
    if args.row:
        print(json.dumps(measured(args.row, args.seconds)))
    else:
        table(args.seconds, args.only.split())


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
