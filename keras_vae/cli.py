"""What the scripts share: flags to a configuration, and errors that speak to users."""

import os
import sys
import warnings

import tensorflow as tf
from absl import logging

from keras_vae import config as configs
from keras_vae import data, plugins


def configuration(args):
    """The Config that the flags of train.py describe."""
    dataset = data.find(args.dataset)
    preset = plugins.find("keras_vae.presets", args.preset or dataset.PRESET, kind="preset")
    config = preset.quick() if args.quick else preset.paper()
    # The numbers of a recipe for one data set (its image size, say) mean nothing to another.
    options = dict(config.data_options) if config.dataset == args.dataset else {}
    if args.data_dir is not None:
        options["data_dir"] = os.path.abspath(args.data_dir)
    if args.image_size is not None:
        options["image_size"] = image_size(args.image_size)
    if args.skip_bad_files:
        options["skip_bad_files"] = True
    config = configs.replace(config, dataset=args.dataset, data_options=options)
    for field in ("strategy", "seed"):
        if getattr(args, field) is not None:
            config = configs.replace(config, **{field: getattr(args, field)})
    return configs.override(config, args.set)


def default_workdir(args):
    """runs/<data set>-<preset>, so that the same command finds its run again."""
    preset = args.preset or data.find(args.dataset).PRESET
    return os.path.join("runs", f"{args.dataset}-{preset}{'-quick' if args.quick else ''}")


def image_size(text):
    """[H, W] of "64x48" or "64"."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"--image_size={text}: expected HxW with whole numbers, for example 64x64 or 64")
    sizes = [int(part) for part in parts]
    return [sizes[0], sizes[-1]]


def run(main, app):
    """Run an absl main. What a user can mend is said in one message, without a stack trace."""

    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"

    def guarded(argv):
        logging.set_verbosity(logging.WARNING)
        tf.get_logger().setLevel("ERROR")  # it takes each new graph of encode, decode, ... for a retracing
        try:
            main(argv)
        except KeyboardInterrupt:
            sys.exit("\nstopped; the same command goes on from the last backup")
        except (ValueError, ArithmeticError, OSError) as error:
            if os.environ.get("KERAS_VAE_TRACE"):
                raise
            sys.exit(f"error: {error}")

    app.run(guarded)
