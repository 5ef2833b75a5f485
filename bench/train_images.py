"""Training speed of stages on faces, 64x64: `fit` with all callbacks, plain Keras, PyTorch in channels-last.

    python bench/train_images.py [--stage=ae] [--width=0.5] [--rounds=3] [--seconds=30] [--precision=float32]

The stage is the autoencoder of VAE+, or the VAE on its codes that measures errors in pixels, through a decoder that
does not change; there every side has its codes from before.

The images are procedural faces: the speed does not depend on them. Drawing, compilation and warm-up are not counted.
"""

import itertools
import json
import pathlib
import sys
import tempfile
import time

from _arms import compare
from _layers import torch_residual
from _timer import StopAfter
from absl import app, flags

flags.DEFINE_enum("stage", "ae", ["ae", "vae"], "Stage that is trained.")
flags.DEFINE_float("width", 0.5, "Of the network: 1 is the paper's.")
flags.DEFINE_integer("rounds", 3, "Times that each arm is run.")
flags.DEFINE_float("seconds", 30.0, "Least time that is measured in each run.")
flags.DEFINE_enum("precision", "float32", ["float32", "mixed_bfloat16"], "Of the layers; PyTorch by autocast.")
flags.DEFINE_string("arm", None, "Run one arm in this process and print its figure as JSON.")

EXAMPLES, SIZE, CODE, WARM = 8_000, 64, 64, 30
BATCH = {"ae": 64, "vae": 32}


def faces():
    import keras_vae as kv

    return kv.data.load("faces", "train", image_size=[SIZE, SIZE], count=EXAMPLES)


def ours(stage, seconds, width, precision):
    """Images/s of kv.train, with backup, probe, TensorBoard, guard and progress."""
    from keras_vae import _quiet

    _quiet.import_tensorflow()  # with what the scripts set before it
    import keras

    import keras_vae as kv
    from keras_vae.config import override, replace
    from keras_vae.presets import faces_vae_plus

    batch = BATCH[stage]
    numbers = (
        f"ae.network_options.width={width}",
        "ae.epochs=1",
        f"{stage}.epochs=1000",
        f"{stage}.batch_size={batch}",
    )
    options = {"image_size": [SIZE, SIZE], "count": EXAMPLES}
    config = override(replace(faces_vae_plus.quick(), data_options=options, precision=precision), numbers)
    timer = StopAfter(keras.callbacks.Callback, EXAMPLES // batch, seconds, stage=stage, warm=WARM)
    with tempfile.TemporaryDirectory() as folder:
        for each in dict.fromkeys(("ae", stage)):
            kv.train(config, folder, each, callbacks=[timer.callback])
    return timer.rate * batch


def plain_keras(stage, seconds, width, precision):
    """Images/s of Keras' own train function on the same networks, fed by tf.data, TensorFlow as it comes."""
    import keras
    import tensorflow as tf

    from keras_vae.networks import strided_conv

    if stage != "ae":
        raise SystemExit("not written for this stage")
    images, batch = faces(), BATCH[stage]
    keras.config.set_dtype_policy(precision)
    encoder = strided_conv.encoder((SIZE, SIZE, 3), CODE, stochastic=False, width=width)
    decoder = strided_conv.decoder(CODE, (SIZE, SIZE, 3), width=width)
    model = keras.Sequential([encoder, decoder])
    model.compile(keras.optimizers.Adam(2e-3), loss="mse")
    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(EXAMPLES).batch(batch, drop_remainder=True)
    dataset = dataset.map(lambda x: (tf.cast(x, tf.float32) / 255.0,) * 2).prefetch(2)
    timer = StopAfter(keras.callbacks.Callback, EXAMPLES // batch, seconds, warm=WARM)
    model.fit(dataset, epochs=1000, verbose=0, callbacks=[timer.callback])
    return timer.rate * batch


def pytorch(stage, seconds, width, precision, compiled=False):
    """Images/s of a PyTorch loop over the same layers, channels last, fused Adam; the images as one tensor."""
    import torch

    torch.manual_seed(0)
    batch, images = BATCH[stage], torch.from_numpy(faces()).permute(0, 3, 1, 2)
    down, up = (half.to(memory_format=torch.channels_last) for half in torch_autoencoder(width))
    if stage == "ae":
        trained, loss_of = [down, up], lambda x: torch_error(up(down(x)), x).mean()
    else:
        trained, log_gamma = torch_vae(), torch.nn.Parameter(torch.zeros(()))
        trained.append(torch.nn.ParameterList([log_gamma]))
        up.eval().requires_grad_(False)
        inputs = torch.randn(EXAMPLES, CODE)  # codes, the speed does not depend on them

        def loss_of(x, codes):
            hidden = trained[0](codes)
            mean, log_variance = trained[1](hidden), trained[2](hidden)
            z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            images = up(trained[3](z).reshape(-1, 4, 4, 4).contiguous(memory_format=torch.channels_last))
            pixels = x[0].numel()
            error = torch_error(images, x) / (2 * log_gamma.exp()) + pixels / 2 * (log_gamma + 1.8378770664)
            return (error + 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1)).mean()

    optimizer = torch.optim.Adam([each for part in trained for each in part.parameters()], lr=2e-3, fused=True)

    def step(x, *codes):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision != "float32"):
            loss = loss_of(x, *codes)
        loss.backward()
        optimizer.step()
        return loss

    step, steps, began = torch.compile(step) if compiled else step, 0, None
    while True:
        order = torch.randperm(EXAMPLES)
        for start in range(0, EXAMPLES - batch + 1, batch):
            rows = order[start : start + batch]
            x = images[rows].to(torch.float32).div_(255).contiguous(memory_format=torch.channels_last)
            step(x, *([inputs[rows]] if stage == "vae" else [])).item()
            steps += 1
            if steps == WARM:
                began = time.perf_counter()
            elif began and time.perf_counter() - began >= seconds:
                return (steps - WARM) * batch / (time.perf_counter() - began)


def torch_error(images, x):
    """Squared errors (batch,)."""
    return ((images - x) ** 2).sum((1, 2, 3))


def torch_autoencoder(width):
    """The layers of networks/strided_conv.py in PyTorch: encoder, decoder."""
    from torch import nn

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
    return nn.Sequential(*down, nn.Conv2d(channels[-1], 4, 1)), nn.Sequential(*up)


def torch_vae(width=256, depth=2):
    """The layers of networks/latent_residual.py in PyTorch: [encoder, mean, log variance, decoder]."""
    from torch import nn

    def blocks():
        return nn.Linear(CODE, width), *(torch_residual(width) for _ in range(depth))

    decoder = nn.Sequential(*blocks(), nn.Linear(width, CODE))
    return [nn.Sequential(*blocks()), nn.Linear(width, CODE), nn.Linear(width, CODE), decoder]


ARMS = {
    "ours": ours,
    "Keras": plain_keras,
    "PyTorch": pytorch,
    "PyTorch, compiled": lambda *options: pytorch(*options, compiled=True),
}


def main(_):
    args = flags.FLAGS
    if args.arm:
        print(json.dumps(ARMS[args.arm](args.stage, args.seconds, args.width, args.precision)))
        return
    options = [f"--{name}={getattr(args, name)}" for name in ("stage", "seconds", "width", "precision")]
    title = f"{args.stage}, width {args.width:g}, {args.precision}"
    compare(__file__, list(ARMS), args.rounds, options, "images/s", title)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
