"""Estimate of what a recipe costs on this machine, measured and told before its first step."""

import contextlib

import numpy as np

from keras_vae.status import print_status, roughly
from keras_vae.training import devices

LARGE = 2e10  # numbers that enter the stages over the whole training; a recipe of less is one of minutes
LONG = 86400.0  # seconds: of more a user should know that there is another way
STEPS, SURE, MOST = 2, 0.5, 100  # of a trial; where it lasts less than so many seconds, of another one


def tell_cost(config, images, wanted, quick=None):
    """Print one line: how long the `wanted` stages of `config` will take, in all and each; nothing for a small recipe.

    Each is trained for a few steps, from weights that are thrown away: some seconds a stage, of hours.
    quick: a smaller recipe, which is measured too where this one takes days, on black images of its own size.
    Returns whether it was told.
    """
    stages = _trained(config, wanted)
    if _numbers(config, images, stages) < LARGE:
        return False
    print_status("measuring what this recipe costs on this machine")
    seconds = _each(config, images, stages)
    if not seconds:
        return False
    total = sum(seconds.values())
    line = f"this recipe: about {roughly(total)} on this machine"
    if len(stages) > 1:
        line += f" ({', '.join(f'{name} {roughly(each)}' for name, each in seconds.items())})"
    if total >= LONG and quick:
        size = quick.data_options.get("image_size", images.shape[1:3])
        black = np.broadcast_to(images.dtype.type(0), (len(images), *size, *images.shape[3:]))
        with contextlib.suppress(ValueError):  # what was set for this recipe may not fit the other
            if seconds := _each(quick, black, _trained(quick, wanted)):
                line += f"; --quick: about {roughly(sum(seconds.values()))}"
    elif total >= LONG:
        line += ". Where a preset has --quick, that takes minutes to hours instead"
    print_status(line)
    return True


def _trained(config, wanted):
    """Return (index, StageConfig) of the wanted stages that are trained by steps."""
    return [(index, each) for index, each in enumerate(config.stages) if each.name in wanted and each.network]


def _each(config, images, stages):
    """Return {name: seconds} of stages; what cannot be timed has said why, and is left out."""
    seconds = {each.name: _seconds(config, index, images) for index, each in stages}
    return {name: each for name, each in seconds.items() if each}


def _numbers(config, images, stages):
    """Numbers that enter the stages: pixels, or codes of the stage below."""
    sizes = [int(np.prod(images.shape[1:])), *(each.latent_dim for each in config.stages)]
    in_pixels = {"error_space": "pixels"}.items()
    return sum(
        len(images) * each.epochs * sizes[0 if in_pixels <= each.model_options.items() else index]
        for index, each in stages
    )


def _seconds(config, index, images):
    """Seconds that the training of stage `index` will take, 0 where it could not be timed."""
    settings = config.stages[index]
    rate = devices.examples_per_second(config, index, images, steps=STEPS, epochs=2)
    if rate and STEPS * settings.batch_size / rate < SURE:
        rate = devices.examples_per_second(config, index, images, steps=MOST, epochs=2)
    return settings.epochs * len(images) / rate if rate else 0.0
