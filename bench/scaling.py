"""Cost of a training step against kappa, width, image side, number of images and replicas, beside what arithmetic says.

    python bench/scaling.py [--rounds=2] [--seconds=6] [--only=kappa,width]

Each row is kv.train with all callbacks in a process of its own; rows of a table take turns. The exponent is the slope
of log(seconds a step) against log(what grows), that of the multiplications counts those of the layers. Memory is the
highest resident set of the process. Replicas are logical devices on the same cores: what two of them lose is the
cost of the strategy.
"""

import json
import math
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

import numpy as np
from _layers import products
from _timer import StopAfter
from absl import app, flags

flags.DEFINE_integer("rounds", 2, "Times that each row is run.")
flags.DEFINE_float("seconds", 6.0, "Least time that is measured in each run.")
flags.DEFINE_list("only", [], "Tables to print; all by default.")
flags.DEFINE_string("arm", None, "Run one row, TABLE:VALUE, in this process and print its figures as JSON.")

TABLES = {
    "kappa": [25, 50, 100, 200, 400, 800],
    "width": [0.125, 0.25, 0.5, 1],
    "side": [32, 64, 128],
    "images": [4000, 16000, 64000],
    "replicas": [1, 2],
}
MLP_BATCH, IMAGE_BATCH = 128, 32


def configuration(table, value):
    """(Config, steps of an epoch, name of the stage that is timed)."""
    from keras_vae.config import override, replace
    from keras_vae.presets import faces_vae_plus, mnist_vae

    if table in ("width", "side"):
        width, side = (value, 64) if table == "width" else (0.25, int(value))
        config = replace(faces_vae_plus.quick(), data_options={"image_size": [side, side], "count": 2000})
        numbers = (f"ae.network_options.width={width}", "ae.epochs=1000", f"ae.batch_size={IMAGE_BATCH}")
        return override(config, numbers), 2000 // IMAGE_BATCH, "ae"
    count = int(value) if table == "images" else 16_000
    config = replace(mnist_vae.paper(), dataset="subspace", data_options={"dimension": 784, "count": count})
    numbers = [f"vae.batch_size={MLP_BATCH}", "vae.epochs=1000"]
    numbers += [f"vae.latent_dim={int(value)}"] * (table == "kappa")
    numbers += ["strategy=mirrored" if value > 1 else "strategy=single"] * (table == "replicas")
    return override(config, numbers), count // MLP_BATCH, "vae"


def multiplications(network):
    """Of one example passing through the layers of a network."""
    total = 0
    for layer in products(network):
        transposed = "Transpose" in type(layer).__name__
        places = layer.input.shape[1:-1] if transposed else layer.output.shape[1:-1]
        total += math.prod(layer.kernel.shape) * math.prod(places)
    return total


def measure(table, value, seconds):
    """{"seconds": of a step, "work": multiplications of an example, "mib": highest resident set}."""
    from keras_vae import _quiet

    _quiet.import_tensorflow()
    import keras
    import tensorflow as tf

    import keras_vae as kv

    if table == "replicas" and value > 1:
        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * int(value))
    config, steps, stage = configuration(table, value)
    warm = 300 if stage == "vae" else 20
    timer = StopAfter(keras.callbacks.Callback, steps, seconds, stage=stage, warm=warm)
    with tempfile.TemporaryDirectory() as folder:
        stack = kv.train(config, folder, stage, callbacks=[timer.callback])
    trained = stack.stage(stage)
    work = multiplications(trained.encoder) + multiplications(trained.decoder)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": 1 / timer.rate, "work": work, "mib": mib}


def slope(x, y):
    """Exponent of y as a power of x."""
    return np.polyfit(np.log(x), np.log(y), 1)[0]


def main(_):
    args = flags.FLAGS
    if args.arm:
        table, _, value = args.arm.partition(":")
        print(json.dumps(measure(table, float(value), args.seconds)))
        return
    for table in args.only or TABLES:
        values = TABLES[table]
        found = {value: [] for value in values}
        for _ in range(args.rounds):
            for value in values:
                command = [sys.executable, __file__, f"--arm={table}:{value}", f"--seconds={args.seconds}"]
                output = subprocess.run(
                    command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
                )
                found[value].append(json.loads(output.stdout.splitlines()[-1]))
        print(
            f"\n| {table} | ms a step (least to most) | million multiplications an example | MiB |\n|---|---|---|---|"
        )
        middle = [statistics.median(run["seconds"] for run in runs) for runs in found.values()]
        for (value, runs), ms in zip(found.items(), middle):
            low, high = (1e3 * pick(run["seconds"] for run in runs) for pick in (min, max))
            mib = max(run["mib"] for run in runs)
            print(
                f"| {value:g} | {1e3 * ms:.3g} ({low:.3g} to {high:.3g}) | {runs[0]['work'] / 1e6:.3g} | {mib:,.0f} |"
            )
        work = [runs[0]["work"] for runs in found.values()]
        print(f"{table}: time grows with power {slope(values, middle):.2f}, multiplications {slope(values, work):.2f}")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
