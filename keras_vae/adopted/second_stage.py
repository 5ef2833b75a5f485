"""A second stage on the posteriors of a model that was trained elsewhere: it samples the codes that the model uses."""

import dataclasses
import math
import pathlib
import tempfile
import typing
from collections.abc import Callable

import numpy as np

from keras_vae import plugins
from keras_vae.adopted.functions import Functions
from keras_vae.checks import checked_examples, whole
from keras_vae.checks import seed as checked_seed
from keras_vae.config import Config, StageConfig, replace
from keras_vae.data.subset import rows
from keras_vae.diagnostics import active_units
from keras_vae.files import Path, as_path, write_json
from keras_vae.models import Stack
from keras_vae.models.given_codes import GivenCodes
from keras_vae.runs import RunDirectory
from keras_vae.training.building import build_stage
from keras_vae.training.train import on_this_machine, train

STEPS = 6000  # of training by default; a second stage keeps the weights of its best epoch
HELD_OUT = 0.1  # of the images, but no more than are probed in any run
MOST_HELD_OUT = 1000
LEAST = 32  # images
MODELS = ("gaussian_vae", "mixture", "wasserstein")  # those that are sampled from a prior, and take any codes


@dataclasses.dataclass(frozen=True)
class SecondStage:
    """A trained second stage; `stack` is [codes, second]: SecondStage(kv.load(workdir)) of one that was kept."""

    stack: Stack

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """`count` codes for the model's own decoder, float32 (count, k), or maps (count, h, w, c) as it has them."""
        codes = self.stack.sample(count, seed)[..., 0]
        return codes.reshape(count, *self.stack.stage("codes").code_shape)


def second_stage(
    encode: Callable,
    images: np.ndarray,
    model: str = "gaussian_vae",
    workdir: Path | None = None,
    batch_size: int = 256,
    seed: int = 0,
    **settings: typing.Any,
) -> SecondStage:
    """Train a second stage on the posteriors of a trained VAE; its codes are drawn from q(z), not from N(0, I).

        second = kv.second_stage(encode, training_images)
        images = decode(second.sample(64, seed=7))

    encode    as of kv.diagnose: images (n, H, W, C) float32 in [0, 1] -> (mean, stddev), or the codes of an
              autoencoder; batch_size images at a time.
    images    the images that the model was trained on, or more of their kind; a tenth is held out.
    model     gaussian_vae, the second VAE of Dai and Wipf (2019), or mixture, fitted in seconds (Ghosh et al. 2020).
    workdir   run directory to keep it in: a killed command goes on there. By default nothing is kept on the disk.
    settings  fields of StageConfig, for example epochs=100, network_options={"width": 512}.
    """
    images = checked_examples(images, "images")
    if len(images) < LEAST:
        raise ValueError(f"images has {len(images)} of them; expected at least {LEAST} to learn from")
    checked_seed(seed)
    plugins.one_of(model, MODELS, "model of a second stage")
    functions = Functions(encode, None, images, batch_size=whole("batch_size", batch_size))
    posteriors = np.stack(functions.encode(images), axis=-1)
    below = GivenCodes(functions.code_shape, functions.stochastic)
    below.observe(posteriors[..., 0], posteriors[..., 1])
    order = rows(len(images), len(images), seed)
    held_out, learned = np.split(order, [min(MOST_HELD_OUT, math.ceil(HELD_OUT * len(images)))])
    examples = posteriors[np.sort(learned)], posteriors[np.sort(held_out)]
    config = on_this_machine(_config(below, model, len(learned), seed, settings))
    if workdir is not None:
        return SecondStage(_train(config, below, examples, as_path(workdir, "workdir")))
    with tempfile.TemporaryDirectory() as folder:
        return SecondStage(_train(config, below, examples, pathlib.Path(folder)))


def _config(below, model, count, seed, settings):
    """Config of the stack [codes, second]: the second stage of presets/two_stage_vae.py, at this many steps."""
    batch = settings.get("batch_size", 128)
    batch = min(batch, count) if isinstance(batch, int) else batch
    second = StageConfig(
        name="second",
        model=model,
        network="concat_mlp",
        latent_dim=below.latent_dim,
        epochs=max(1, math.ceil(STEPS / max(1, count // max(1, batch)))),
        batch_size=batch,
        learning_rate=1e-3,
        schedule="exponential",
        network_options={"width": 256},
    )
    if model == "mixture":
        second = replace(second, network=None, network_options={}, latent_dim=below.latent_dim + 1, epochs=100)
    codes = StageConfig("codes", "given_codes", None, below.latent_dim, epochs=1, batch_size=batch, learning_rate=1.0)
    return Config("posteriors", (codes, _changed(second, settings)), seed=seed)


def _changed(second, settings):
    try:
        return replace(second, **settings)
    except TypeError:
        known = [field.name for field in dataclasses.fields(second)]
        unknown = [name for name in settings if name not in known]
        raise ValueError(
            f"second_stage takes no {', '.join(unknown)}; beside its own arguments: {', '.join(known)}"
            f"{plugins.nearest(unknown[0], known)}"
        ) from None


def _train(config, below, examples, workdir):
    """Return the Stack, trained in the run directory: the given codes are a stage that is done."""
    run = RunDirectory(workdir)
    run.check(config)
    build_stage(config, 1, (below.latent_dim,))  # before anything is written: a wrong setting is told at once
    if run.is_new:
        run.claim(config)
    if not run.done("codes"):
        run.save_stage(below)
        write_json(run.folder("codes") / "diagnostics.json", {"active": active_units(examples[0][..., 0]).tolist()})
        run.finish("codes")
    return train(config, workdir, stage="second", examples=examples)
