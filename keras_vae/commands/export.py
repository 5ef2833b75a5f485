"""Export a trained run for TensorFlow Serving, as the next version of a model."""

import typing

from keras_vae import cli

FLAGS = cli.Flags(__doc__.splitlines()[0], "--workdir=runs/photos --export_dir=exports/photos")
FLAGS.group("From and to")
FLAGS.define("path", "workdir", None, "Run directory of a trained stack.", required=True)
FLAGS.define("path", "export_dir", None, "Where versions of this model lie; a server watches it.", required=True)
FLAGS.define("integer", "version", None, "Number of the version; the next one by default.", lower_bound=0)
FLAGS.group("Where the data lie, which the signature `screen` compares with")
FLAGS.define("path", "data_dir", None, "If not where they lay in training.")
FLAGS.define("path", "cache_dir", None, cli.CACHE_DIR)


def main(args: cli.Flags) -> None:
    """Export the run that the flags name."""
    from keras_vae import export  # TensorFlow, which --help does not wait for

    version = export(args.workdir, args.export_dir, args.version, args.data_dir, args.cache_dir)
    ports = "--port=8500 --rest_api_port=8501"
    serve = f"serve --model_name=vae {cli.flag('model_base_path', args.export_dir)} {ports}"
    cli.told("exported", version, serve, "client sample --count=64 --out=grid.png")


def run(words: list[str]) -> typing.NoReturn:
    """Export, by the words of a command line."""
    cli.run(FLAGS, main, words)
