"""Measure a trained run, and write a page about it."""

import typing

from keras_vae import cli
from keras_vae.config import SEEDS
from keras_vae.files import expanded

FLAGS = cli.Flags(__doc__.splitlines()[0], "--workdir=runs/photos --metrics=likelihood,pictures")
FLAGS.group("What is measured")
FLAGS.define("path", "workdir", None, "Run directory of a trained stack.", required=True, unless="compare")
FLAGS.define("list", "compare", [], "Instead: two run directories W1,W2 that are measured, on one page side by side.")
FLAGS.define("list", "metrics", None, "Parts: files of keras_vae/evaluation/parts; all by default.")
FLAGS.define("integer", "count", 2000, "Test images and samples, at most.", lower_bound=16, upper_bound=2**31 - 1)
FLAGS.define("integer", "seed", 0, "Of samples, draws and clusters.", **SEEDS)
FLAGS.group("Frechet distance")
FLAGS.define("string", "features", "pixels", "Features: a file of keras_vae/metrics/features.")
FLAGS.define("path", "feature_path", None, "Local file of their weights, where they need one.")
FLAGS.group("Outliers and screening")
FLAGS.define("string", "outliers", None, "A data set whose test images the scores should find strange.")
FLAGS.define("path", "outlier_dir", None, "Where these lie, if not where the data of the run do.")
FLAGS.define("path", "screen", None, "A folder with normal/ and abnormal/ pictures: thresholds, and what they do.")
FLAGS.define(
    "float",
    "false_alarms",
    0.05,
    "The share of ordinary images that may raise an alarm.",
    lower_bound=0.0,
    upper_bound=1.0,
)
FLAGS.define("bool", "skip_bad_files", False, "Leave out pictures of --screen that cannot be read; they are named.")
FLAGS.group("Where the data of the run lie")
FLAGS.define("path", "data_dir", None, "If not where they lay in training.")
FLAGS.define("path", "cache_dir", None, cli.CACHE_DIR)
OPTIONS = [
    "count",
    "seed",
    "features",
    "feature_path",
    "outliers",
    "outlier_dir",
    "screen",
    "false_alarms",
    "skip_bad_files",
]


def main(args: cli.Flags) -> None:
    """Measure the run that the flags name, or compare two that are measured."""
    if args["compare"].present:
        return compare(args)
    from keras_vae import evaluate, report  # TensorFlow, which --help does not wait for

    options = {name: getattr(args, name) for name in OPTIONS if args[name].present}
    evaluate(args.workdir, args.metrics, args.data_dir, args.cache_dir, **options)
    export = f"export {cli.flag('workdir', args.workdir)} --export_dir=exports"
    cli.told("measured", report.write(args.workdir), export)


def compare(args: cli.Flags) -> None:
    """Write the page of two runs side by side."""
    if beside := [name for name in args if args[name].present and name != "compare"]:
        raise ValueError(f"--compare is of runs that are measured, with no --{beside[0]} beside it")
    if len(args.compare) != 2:
        raise ValueError("--compare takes two run directories, W1,W2")
    from keras_vae.report import compare

    cli.told("compared", compare.write(*map(expanded, args.compare)))


def run(words: list[str]) -> typing.NoReturn:
    """Evaluate, by the words of a command line."""
    cli.run(FLAGS, main, words)
