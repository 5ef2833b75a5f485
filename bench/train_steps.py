"""Training speed on the network of RB Table 1: `fit` with all callbacks, plain Keras, a plain PyTorch loop, pythae.

    python bench/train_steps.py [--rounds=3] [--seconds=20]

Compilation and warm-up are not counted. The data are points as large as an image of MNIST: the speed does not depend
on them.
"""

import json
import pathlib
import sys
import tempfile
import time

from _arms import compare
from _layers import torch_residual
from _timer import StopAfter
from absl import app, flags

flags.DEFINE_integer("rounds", 3, "Times that each arm is run.")
flags.DEFINE_float("seconds", 20.0, "Least time that is measured in each run.")
flags.DEFINE_string("arm", None, "Run one arm in this process and print its figure as JSON.")
flags.DEFINE_integer("batch", 20, "Batch size of --arm.")

KAPPA, EXAMPLES, BATCHES = 200, 60_000, (20, 128)
DATA = {"dimension": 784, "count": EXAMPLES}  # of the data set subspace


def points():
    import keras_vae as kv

    return kv.data.load("subspace", "train", **DATA)


def ours(batch, seconds):
    """Steps/s of kv.train, with backup, probe, TensorBoard, guard and progress."""
    import keras

    import keras_vae as kv
    from keras_vae.config import override, replace
    from keras_vae.presets import mnist_vae

    numbers = (f"vae.batch_size={batch}", "vae.jit_compile=true", "vae.epochs=1000")
    config = override(replace(mnist_vae.paper(), dataset="subspace", data_options=DATA), numbers)
    timer = StopAfter(keras.callbacks.Callback, EXAMPLES // batch, seconds)
    with tempfile.TemporaryDirectory() as folder:
        kv.train(config, folder, callbacks=[timer.callback])
    return timer.rate


def keras_fit(batch, seconds, **options):
    """Steps/s of Keras' own train function on the same model and train step, fed by tf.data."""
    import keras
    import tensorflow as tf

    from keras_vae.models import GaussianVAE
    from keras_vae.networks import residual_mlp

    data = points()
    shape = data.shape[1:]
    model = GaussianVAE(residual_mlp.encoder(shape, KAPPA), residual_mlp.decoder(KAPPA, shape))
    model.make_train_function = lambda force=False: keras.Model.make_train_function(model, force)
    model.compile(keras.optimizers.Adam(1e-3), **options)
    dataset = tf.data.Dataset.from_tensor_slices(data).shuffle(EXAMPLES).batch(batch, drop_remainder=True).prefetch(2)
    timer = StopAfter(keras.callbacks.Callback, EXAMPLES // batch, seconds)
    model.fit(dataset, epochs=1000, verbose=0, shuffle=False, callbacks=[timer.callback])
    return timer.rate


def torch_layers():
    """The same network in PyTorch: encoder, mean, log variance, decoder."""
    from torch import nn

    widths = [784, 200, 200, 200, 200, 200, 200]
    layers = [part for i, o in zip(widths, widths[1:]) for part in (nn.Linear(i, o), nn.Tanh())]
    residuals = [torch_residual(200) for _ in range(3)]
    decoder = nn.Sequential(nn.Linear(KAPPA, 200), *residuals, nn.Linear(200, 784), nn.Sigmoid())
    return nn.Sequential(*layers), nn.Linear(200, KAPPA), nn.Linear(200, KAPPA), decoder


def pytorch(batch, seconds, compiled=False):
    """Steps/s of a PyTorch loop over the same network, with fused Adam; data as one tensor in memory."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    encoder, mean, log_variance, decoder = torch_layers()
    log_gamma = nn.Parameter(torch.zeros(()))
    modules = (encoder, mean, log_variance, decoder)
    optimizer = torch.optim.Adam([p for m in modules for p in m.parameters()] + [log_gamma], lr=1e-3, fused=True)
    data = torch.from_numpy(points())
    constant = 784 * 0.9189385332

    def step(x):
        h = encoder(x)
        mu, lv = mean(h), log_variance(h)
        x_hat = decoder(mu + torch.exp(lv / 2) * torch.randn_like(mu))
        error = ((x - x_hat) ** 2).sum(1)
        reconstruction = error / (2 * torch.exp(log_gamma)) + 392 * log_gamma + constant
        loss = (reconstruction + 0.5 * (mu**2 + lv.exp() - lv - 1).sum(1)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    step, steps, began = torch.compile(step) if compiled else step, 0, None
    while True:
        order = torch.randperm(EXAMPLES)
        for start in range(0, EXAMPLES - batch + 1, batch):
            step(data[order[start : start + batch]])
            steps += 1
            if steps == 300:
                began = time.perf_counter()
            elif began and steps % 50 == 0 and time.perf_counter() - began >= seconds:
                return (steps - 300) / (time.perf_counter() - began)


def pythae(batch, seconds):
    """Steps/s of pythae's trainer on the same network, gamma fixed, as its VAE has it."""
    import torch
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    torch.manual_seed(0)
    layers, mean, log_variance, decoding = torch_layers()

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.layers, self.mean, self.log_variance = layers, mean, log_variance

        def forward(self, x):
            h = self.layers(x)
            return ModelOutput(embedding=self.mean(h), log_covariance=self.log_variance(h))

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.layers = decoding

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    class EnoughError(Exception):
        """End of a training that has no other."""

    class Timer(TrainingCallback):
        steps, began = 0, None

        def on_train_step_end(self, training_config, **kwargs):
            self.steps += 1
            if self.steps == 300:
                self.began = time.perf_counter()
            elif self.began and self.steps % 50 == 0 and time.perf_counter() - self.began >= seconds:
                self.rate = (self.steps - 300) / (time.perf_counter() - self.began)
                raise EnoughError

    data, timer = torch.from_numpy(points()), Timer()
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder, num_epochs=1000, per_device_train_batch_size=batch, learning_rate=1e-3
        )
        model = VAE(
            VAEConfig(input_dim=(784,), latent_dim=KAPPA, reconstruction_loss="mse"),
            encoder=Encoder(),
            decoder=Decoder(),
        )
        trainer = BaseTrainer(
            model, BaseDataset(data, torch.zeros(len(data))), training_config=config, callbacks=[timer]
        )
        try:
            trainer.train()
        except EnoughError:
            return timer.rate


ARMS = {
    "ours": ours,
    "Keras": lambda batch, seconds: keras_fit(batch, seconds, jit_compile=False),
    "Keras, jit_compile=True": lambda batch, seconds: keras_fit(batch, seconds, jit_compile=True),
    "PyTorch": pytorch,
    "PyTorch, compiled": lambda batch, seconds: pytorch(batch, seconds, compiled=True),
    "pythae": pythae,
}


def main(_):
    args = flags.FLAGS
    if args.arm:
        print(json.dumps(ARMS[args.arm](args.batch, args.seconds)))
        return
    for batch in BATCHES:
        options = [f"--batch={batch}", f"--seconds={args.seconds}"]
        compare(__file__, list(ARMS), args.rounds, options, "steps/s", f"batch {batch}")


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from keras_vae import cli

    app.run(main, flags_parser=cli.parse)
