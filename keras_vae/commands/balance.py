"""Find how many latent dimensions, and how much weight of the KL term, balance a VAE on your data."""

import typing

from keras_vae import cli
from keras_vae.commands import _recipe
from keras_vae.config import Config
from keras_vae.files import as_path, write_text

FLAGS = cli.Flags(__doc__.splitlines()[0], "--dataset=folder --data_dir=~/photos --image_size=64 --quick")
_recipe.define(FLAGS)
_recipe.define_places(FLAGS)
FLAGS.group("The search, of one training run a trial")
FLAGS.define("list", "latent_dims", "2,4,8,16,32,64,128", "Rising; tried until some dimension stays unused.")
FLAGS.define("list", "betas", "1,0.5,0.25,0.125,0.0625", "Falling; tried until the variance law fails.")
FLAGS.define("path", "workdir", None, "Where trials and results lie; by default runs/DATASET-PRESET-balance.")


def main(args: cli.Flags) -> None:
    """Search, and write what was found."""
    latent_dims, betas = _numbers("latent_dims", args.latent_dims, int), _numbers("betas", args.betas, float)
    from keras_vae import find_balance  # TensorFlow, which mistakes above do not wait for
    from keras_vae.report import balance as page
    from keras_vae.training.find_balance import TOLERANCE

    workdir = as_path(args.workdir or _recipe.default_workdir(args, "-balance"), "--workdir")
    config = _recipe.configuration(args)
    _check_free(config, args.set)
    found = find_balance(config, workdir, latent_dims, betas)
    write_text(workdir / "balance.txt", f"{found}\n")
    page.draw(found, TOLERANCE, workdir / "balance.png")
    print(found)
    if found.latent_dim is None or found.beta is None:
        lacking = "larger --latent_dims" if found.latent_dim is None else "longer training, or larger --betas"
        return cli.told("no balance found", workdir / "balance.png", note=f"next: the same command with {lacking}")
    name = found.config.stages[-1].name
    words = [cli.flag("dataset", args.dataset)]
    words += [cli.flag(each, getattr(args, each)) for each in _GIVEN if getattr(args, each) is not None]
    words += ["--quick"] * args.quick + ["--skip_bad_files"] * args.skip_bad_files
    words += [cli.flag("set", each) for each in args.set]
    words += [f"--set={name}.latent_dim={found.config.stages[-1].latent_dim}"]
    words += [f"--set={name}.model_options.beta={found.config.stages[-1].model_options['beta']:g}"]
    cli.told("balance", workdir / "balance.png", f"train {' '.join(words)} {cli.flag('workdir', f'{workdir}-found')}")


_GIVEN = ("preset", "image_size", "seed", "data_dir", "cache_dir")


def _check_free(config: Config, assignments: list[str]) -> None:
    """Refuse to set what is searched."""
    name = next((stage.name for stage in config.stages if stage.model == "gaussian_vae"), None)
    searched = {f"{name}.latent_dim": "latent_dims", f"{name}.model_options.beta": "betas"}
    for path in (each.partition("=")[0] for each in assignments):
        if path in searched:
            raise ValueError(f"--set {path}=... is what is searched; give --{searched[path]}=... instead")


def _numbers(name: str, texts: list[str], kind: type) -> list[typing.Any]:
    """Return a list flag as numbers."""
    try:
        return [kind(text) for text in texts]
    except ValueError:
        wanted = "whole numbers, as in 2,4,8" if kind is int else "numbers, as in 1,0.5,0.25"
        raise ValueError(f"--{name}={','.join(texts)}: expected {wanted}") from None


def run(words: list[str]) -> typing.NoReturn:
    """Search, by the words of a command line."""
    cli.run(FLAGS, main, words)
