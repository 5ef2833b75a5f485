"""Export a trained run for TensorFlow Serving: python export.py --workdir=W --export_dir=E -> E/<version>/"""

import sys

from absl import app, flags

from keras_vae import cli
from keras_vae.exporting import export

flags.DEFINE_string("workdir", None, "Run directory of a trained stack.", required=True)
flags.DEFINE_string("export_dir", None, "Where versions of this model lie; a server watches it.", required=True)
flags.DEFINE_integer("version", None, "Number of the version; the next one by default.", lower_bound=0)


def main(_):
    args = flags.FLAGS
    print(f"exported: {export(args.workdir, args.export_dir, args.version)}")


if __name__ == "__main__":
    sys.exit(cli.run(main, app))
