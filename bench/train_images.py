"""Training speed on the CelebA autoencoder, 64x64: `fit` with all callbacks, plain Keras, PyTorch in channels-last.

    python bench/train_images.py [--width=0.5] [--rounds=3] [--seconds=30] [--precision=float32]

The images are procedural faces: the speed does not depend on them. Drawing, compilation and warm-up are not counted.
"""

import itertools
import json
import pathlib
import sys
import tempfile
import time

from _arms import compare
from _timer import StopAfter
from absl import app, flags

flags.DEFINE_float("width", 0.5, "Of the network: 1 is the paper's.")
flags.DEFINE_integer("rounds", 3, "Times that each arm is run.")
flags.DEFINE_float("seconds", 30.0, "Least time that is measured in each run.")
flags.DEFINE_enum("precision", "float32", ["float32", "mixed_bfloat16"], "Of the layers; PyTorch by autocast.")
flags.DEFINE_string("arm", None, "Run one arm in this process and print its figure as JSON.")

EXAMPLES, BATCH, SIZE, CODE, WARM = 8_000, 64, 64, 64, 30


def faces():
    import keras_vae as kv

    return kv.data.load("faces", "train", image_size=[SIZE, SIZE], count=EXAMPLES)


def ours(seconds, width, precision):
    """Images/s of kv.train, with backup, probe, TensorBoard, guard and progress."""
    from keras_vae import _quiet

    _quiet.import_tensorflow()  # with what the scripts set before it
    import keras

    import keras_vae as kv
    from keras_vae.config import override, replace
    from keras_vae.presets import faces_vae_plus

    numbers = (f"ae.network_options.width={width}", "ae.epochs=1000", f"ae.batch_size={BATCH}")
    options = {"image_size": [SIZE, SIZE], "count": EXAMPLES}
    config = override(replace(faces_vae_plus.quick(), data_options=options, precision=precision), numbers)
    timer = StopAfter(keras.callbacks.Callback, EXAMPLES // BATCH, seconds, stage="ae", warm=WARM)
    with tempfile.TemporaryDirectory() as folder:
        kv.train(config, folder, "ae", callbacks=[timer.callback])
    return timer.rate * BATCH


def plain_keras(seconds, width, precision):
    """Images/s of Keras' own train function on the same networks, fed by tf.data, TensorFlow as it comes."""
    import keras
    import tensorflow as tf

    from keras_vae.networks import strided_conv

    images = faces()
    keras.config.set_dtype_policy(precision)
    encoder = strided_conv.encoder((SIZE, SIZE, 3), CODE, stochastic=False, width=width)
    decoder = strided_conv.decoder(CODE, (SIZE, SIZE, 3), width=width)
    model = keras.Sequential([encoder, decoder])
    model.compile(keras.optimizers.Adam(2e-3), loss="mse")
    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(EXAMPLES).batch(BATCH, drop_remainder=True)
    dataset = dataset.map(lambda x: (tf.cast(x, tf.float32) / 255.0,) * 2).prefetch(2)
    timer = StopAfter(keras.callbacks.Callback, EXAMPLES // BATCH, seconds, warm=WARM)
    model.fit(dataset, epochs=1000, verbose=0, callbacks=[timer.callback])
    return timer.rate * BATCH


def pytorch(seconds, width, precision, compiled=False):
    """Images/s of a PyTorch loop over the same layers, channels last, fused Adam; the images as one tensor."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    images = torch.from_numpy(faces()).permute(0, 3, 1, 2)
    channels = [round(width * 64 * 2**layer) for layer in range(4)]

    def normal(count):
        return [nn.BatchNorm2d(count, eps=1e-3), nn.ReLU()]

    down = [
        part
        for i, o in itertools.pairwise([3, *channels])
        for part in (nn.Conv2d(i, o, 4, 2, 1, bias=False), *normal(o))
    ]
    up = [nn.Conv2d(4, channels[-1], 1, bias=False), *normal(channels[-1])]
    for i, o in itertools.pairwise(reversed(channels)):
        up += [nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), *normal(o)]
    up += [nn.ConvTranspose2d(channels[0], 3, 4, 2, 1), nn.Sigmoid()]
    model = nn.Sequential(*down, nn.Conv2d(channels[-1], 4, 1), *up).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)

    def step(x):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision != "float32"):
            loss = ((model(x) - x) ** 2).sum((1, 2, 3)).mean()
        loss.backward()
        optimizer.step()
        return loss

    step, steps, began = torch.compile(step) if compiled else step, 0, None
    while True:
        order = torch.randperm(EXAMPLES)
        for start in range(0, EXAMPLES - BATCH + 1, BATCH):
            batch = images[order[start : start + BATCH]].to(torch.float32).div_(255)
            step(batch.contiguous(memory_format=torch.channels_last)).item()
            steps += 1
            if steps == WARM:
                began = time.perf_counter()
            elif began and time.perf_counter() - began >= seconds:
                return (steps - WARM) * BATCH / (time.perf_counter() - began)


ARMS = {
    "ours": ours,
    "Keras": plain_keras,
    "PyTorch": pytorch,
    "PyTorch, compiled": lambda *options: pytorch(*options, compiled=True),
}


def main(_):
    args = flags.FLAGS
    if args.arm:
        print(json.dumps(ARMS[args.arm](args.seconds, args.width, args.precision)))
        return
    options = [f"--seconds={args.seconds}", f"--width={args.width}", f"--precision={args.precision}"]
    compare(__file__, list(ARMS), args.rounds, options, "images/s", f"width {args.width:g}, {args.precision}")


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
