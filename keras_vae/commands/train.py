"""Train a stack of autoencoders, or go on where a killed run stopped."""

import contextlib
import sys
import typing

from keras_vae import cli
from keras_vae.commands import _recipe

FLAGS = cli.Flags(
    __doc__.splitlines()[0],
    "--dataset=folder --data_dir=~/photos --image_size=64 --quick --workdir=runs/photos",
)
_recipe.define(FLAGS)
_recipe.define_places(FLAGS)
FLAGS.group("The run")
FLAGS.define("path", "workdir", None, "Run directory; by default runs/DATASET-PRESET. An unfinished run in it goes on.")
FLAGS.define("string", "stage", "all", "Stage to train, by name, or all.")
FLAGS.group("The machine")
FLAGS.define("string", "strategy", None, "auto, single, mirrored or multi_worker.")
FLAGS.define(
    "integer",
    "workers",
    1,
    "Processes on this machine that share each batch; docs/distributed.md has clusters.",
    lower_bound=1,
    upper_bound=256,
)
FLAGS.define("bool", "deterministic", True, "On GPUs, only operations that give the same bits each time; slower.")


def main(args: cli.Flags) -> None:
    """Train what the flags describe."""
    import tensorflow as tf  # which --help does not wait for

    from keras_vae import train
    from keras_vae.training import local_workers

    workdir = args.workdir or _recipe.default_workdir(args)
    if args.workers > 1:
        sys.exit(local_workers.start(args.workers, [*sys.orig_argv[1:], "--workers=1"], workdir))
    if args.deterministic and tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()  # without it a resumed run ends near the uninterrupted one
    config, quick = _recipe.configuration(args), None
    if not args.quick:
        with contextlib.suppress(ValueError):  # what is set may fit this recipe alone
            quick = _recipe.configuration(args, quick=True)
    train(config, workdir, args.stage, quick=quick)
    cli.told("trained", workdir, f"evaluate {cli.flag('workdir', workdir)}")


def run(words: list[str]) -> typing.NoReturn:
    """Train, by the words of a command line."""
    cli.run(FLAGS, main, words)
