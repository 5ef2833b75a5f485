"""Flags that say what is trained, and the Config that they describe: of the commands that train."""

import os
import pathlib

from keras_vae import cli, plugins
from keras_vae import config as configs
from keras_vae.config import Config
from keras_vae.files import expanded


def define(values: cli.Flags) -> None:
    """Define the flags of a recipe."""
    values.group("What is trained")
    values.define("string", "dataset", "faces", f"Data set: {_listed('data/sets')}.")
    values.define("string", "preset", None, f"Recipe, by default the data set's own: {_listed('presets')}.")
    values.define("bool", "quick", False, "The recipe's variant for two CPU cores.")
    values.define("string", "image_size", None, "HxW, or one number for squares.")
    values.define("multi_string", "set", [], "Override a number of the recipe, --set=vae.epochs=10; may be repeated.")
    values.define("integer", "seed", None, "Of initial weights, noise and the order of examples.", **configs.SEEDS)


def _listed(folder: str) -> str:
    """Return the names of the plug-ins in a folder by its files alone: the package imports NumPy, and --help waits."""
    files = pathlib.Path(__file__).parents[1].joinpath(folder).glob("[!_]*.py")
    return ", ".join(sorted(path.stem for path in files))


def define_places(values: cli.Flags) -> None:
    """Define where the data lie."""
    values.group("Where the data lie")
    values.define("path", "data_dir", None, "The folder of TFDS, or the images of --dataset=folder.")
    values.define("path", "cache_dir", None, cli.CACHE_DIR)
    values.define("bool", "skip_bad_files", False, "Leave out unreadable images, and odd sizes, of --dataset=folder.")


def configuration(args: cli.Flags, quick: bool | None = None) -> Config:
    """Return the Config that the flags describe. quick: as if --quick were given, or not."""
    preset = plugins.find("keras_vae.presets", _preset_name(args), kind="preset")
    config = preset.quick() if (args.quick if quick is None else quick) else preset.paper()
    # The numbers of a preset for one data set (its image size, say) mean nothing to another.
    options = dict(config.data_options) if config.dataset == args.dataset else {}
    options |= {name: getattr(args, name) for name in configs.MOVABLE if getattr(args, name) is not None}
    if args.image_size is not None:
        options["image_size"] = image_size(args.image_size)
    if args.skip_bad_files:
        options["skip_bad_files"] = True
    config = configs.replace(config, dataset=args.dataset, data_options=options)
    if "strategy" in args and args.strategy is not None:
        config = configs.replace(config, strategy=args.strategy)
    if args.seed is not None:
        config = configs.replace(config, seed=args.seed)
    config = configs.override(config, args.set)
    places = {name: path for name, path in config.data_options.items() if name in configs.MOVABLE and path}
    absolute = {name: os.path.abspath(expanded(str(path))) for name, path in places.items()}
    return configs.replace(config, data_options={**config.data_options, **absolute})


def default_workdir(args: cli.Flags, suffix: str = "") -> str:
    """Return runs/DATASET-PRESET, so that the same command finds its run again."""
    return os.path.join("runs", f"{args.dataset}-{_preset_name(args)}{'-quick' if args.quick else ''}{suffix}")


def _preset_name(args: cli.Flags) -> str:
    dataset = plugins.find("keras_vae.data.sets", args.dataset, kind="data set")
    return dataset.PRESET if args.preset is None else args.preset


def image_size(text: str) -> list[int]:
    """Return [H, W] of "64x48" or "64"."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"--image_size={text}: expected HxW with whole numbers, for example 64x64 or 64")
    sizes = [int(part) for part in parts]
    return [sizes[0], sizes[-1]]
