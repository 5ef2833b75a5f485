"""Export a trained run for TensorFlow Serving: python export.py --workdir=W --export_dir=E -> E/<version>/"""

from absl import flags

from keras_vae import cli

cli.DEFINE_path("workdir", None, "Run directory of a trained stack.", required=True)
cli.DEFINE_path("export_dir", None, "Where versions of this model lie; a server watches it.", required=True)
flags.DEFINE_integer("version", None, "Number of the version; the next one by default.", lower_bound=0)
cli.DEFINE_path("data_dir", None, "Where the data lie, if not where they lay in training; `screen` compares with them.")

cli.DEFINE_path("cache_dir", None, cli.CACHE_DIR)


def main(_):
    from keras_vae import export  # TensorFlow, which --help does not wait for

    args = flags.FLAGS
    print(f"exported: {export(args.workdir, args.export_dir, args.version, args.data_dir, args.cache_dir)}")


if __name__ == "__main__":
    cli.run(main)
