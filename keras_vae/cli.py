"""Command line of the scripts: flags to a configuration, TensorFlow only once they are understood, errors in one line.

Exit codes: 0 done, 1 a run that failed, 2 wrong input.
"""

import os
import sys
import typing
import warnings
from collections.abc import Callable, Sequence

from absl import app, flags, logging

from keras_vae import _quiet, plugins
from keras_vae import config as configs

flags.disclaim_key_flags()  # --help of a script lists what it defines through DEFINE_path as its own

WRONG_INPUT = (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
CACHE_DIR = "Where large data lie once they are decoded; beside data_dir by default."  # a flag of three scripts
TRACE = "KERAS_VAE_TRACE"  # set in the environment, it shows where an error comes from


class TrainFlags(typing.Protocol):
    """The flags of train.py that decide what is trained."""

    dataset: str
    preset: str | None
    quick: bool
    data_dir: str | None
    cache_dir: str | None
    image_size: str | None
    skip_bad_files: bool
    set: list[str]
    strategy: str | None
    seed: int | None


def configuration(args: TrainFlags) -> configs.Config:
    """Return the Config that the flags of train.py describe."""
    preset = plugins.find("keras_vae.presets", _preset_name(args), kind="preset")
    config = preset.quick() if args.quick else preset.paper()
    # The numbers of a preset for one data set (its image size, say) mean nothing to another.
    options = dict(config.data_options) if config.dataset == args.dataset else {}
    options |= {name: getattr(args, name) for name in configs.MOVABLE if getattr(args, name) is not None}
    if args.image_size is not None:
        options["image_size"] = image_size(args.image_size)
    if args.skip_bad_files:
        options["skip_bad_files"] = True
    config = configs.replace(config, dataset=args.dataset, data_options=options)
    if args.strategy is not None:
        config = configs.replace(config, strategy=args.strategy)
    if args.seed is not None:
        config = configs.replace(config, seed=args.seed)
    config = configs.override(config, args.set)
    places = {name: path for name, path in config.data_options.items() if name in configs.MOVABLE and path}
    absolute = {name: os.path.abspath(os.path.expanduser(path)) for name, path in places.items()}
    return configs.replace(config, data_options={**config.data_options, **absolute})


def default_workdir(args: TrainFlags) -> str:
    """Return runs/DATASET-PRESET, so that the same command finds its run again."""
    return os.path.join("runs", f"{args.dataset}-{_preset_name(args)}{'-quick' if args.quick else ''}")


def _preset_name(args: TrainFlags) -> str:
    dataset = plugins.find("keras_vae.data.sets", args.dataset, kind="data set")
    return args.preset or dataset.PRESET


def image_size(text: str) -> list[int]:
    """Return [H, W] of "64x48" or "64"."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"--image_size={text}: expected HxW with whole numbers, for example 64x64 or 64")
    sizes = [int(part) for part in parts]
    return [sizes[0], sizes[-1]]


def DEFINE_path(name: str, default: str | None, help: str, required: bool = False) -> None:
    """Define a flag that is a path: a ~ at its beginning is the home directory, which no shell puts after an =."""
    flags.DEFINE(_Path(), name, default, help, serializer=flags.ArgumentSerializer(), required=required)


class _Path(flags.ArgumentParser):
    syntactic_help = "a path"

    def parse(self, argument: str) -> str:
        return os.path.expanduser(argument)


def run(main: Callable[[list[str]], object], takes_names: bool = False) -> typing.NoReturn:
    """Run the main of a script with the parsed command line: ["train.py"], and names where the script takes any.

    What a user can mend is told in one message without a stack trace.
    """
    app.run(lambda argv: _guarded(main, argv), flags_parser=lambda argv: parse(argv, takes_names))


def parse(argv: list[str], takes_names: bool = False) -> list[str]:
    """Parse the flags; return the words that are left over, the script first. A mistake ends the program."""
    try:
        words = flags.FLAGS(argv)
    except SystemExit:  # of --help, which absl ends with 1
        sys.exit(0)
    except flags.Error as error:
        _refuse(f"{error}")
    dashed = [word for word in words[1:] if word.startswith("-")]  # behind a lone --
    if words[1:] and (dashed or not takes_names):
        wrong = (dashed or words[1:])[0]
        _refuse(f"left over on the command line: {' '.join(words[1:])}\n{_hint(wrong)}")
    return words


def _hint(word: str) -> str:
    """Return what the user may have meant by a left-over word."""
    name, equals, _ = word.lstrip("-").partition("=")
    if word.startswith("-"):
        return f"nothing after a lone -- is read; write {word} before it, or leave it out"
    if equals and name in flags.FLAGS:
        return f"did you mean --{word}?"
    if equals and "set" in flags.FLAGS:
        return f"did you mean --set {word}? Each assignment needs its own --set"
    if word.lower() in ("true", "false", "yes", "no", "0", "1"):
        return "a switch takes no word behind it: --quick and --noquick, say, or --quick=false"
    return "values belong to flags, as in --name=value" + plugins.nearest(word, list(flags.FLAGS), "--{}")


def _refuse(message: str) -> typing.NoReturn:
    print(f"error: {message}\npass --help for the flags", file=sys.stderr)
    sys.exit(2)


def _guarded(main: Callable[[list[str]], object], argv: Sequence[str]) -> None:
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    _quiet.import_tensorflow()
    import tensorflow as tf

    logging.set_verbosity(logging.WARNING)
    tf.get_logger().setLevel("ERROR")  # it takes each new graph of encode, decode, ... for a retracing
    try:
        main(list(argv))
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command goes on from the last backup")
    except WRONG_INPUT as error:
        _fail(error, 2)
    except (ArithmeticError, OSError, MemoryError, tf.errors.OpError) as error:
        _fail(error, 1)


def _fail(error: BaseException, code: int) -> typing.NoReturn:
    if os.environ.get(TRACE):
        raise error
    print(f"error: {str(error) or type(error).__name__}", file=sys.stderr)
    sys.exit(code)
