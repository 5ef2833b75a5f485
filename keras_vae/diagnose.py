"""Diagnose a VAE of your own: python -m keras_vae.diagnose --model=their.keras --data_dir=images -> a page about it

The model is a .keras file with parts `encoder` and `decoder`, a SavedModel with signatures `encode` and `decode`, or
two files, --encoder and --decoder. It takes and gives images (n, H, W, C) in [0, 1]; kv.diagnose takes any other model.
"""

from absl import flags

from keras_vae import cli

cli.DEFINE_path("model", None, "A .keras file, a SavedModel, or an export: both sides in one.")
cli.DEFINE_path("encoder", None, "The encoder, where it is a file of its own; with --decoder.")
cli.DEFINE_path("decoder", None, "The decoder.")
flags.DEFINE_string("spread", "stddev", "Second output of the encoder, or half of its only one: stddev, log_variance.")
flags.DEFINE_string("dataset", "folder", "Data set whose test images are used: a file of keras_vae/data/sets.")
cli.DEFINE_path("data_dir", None, "Where the data lie: a folder of images, or the folder of TFDS.")
cli.DEFINE_path("cache_dir", None, cli.CACHE_DIR)
flags.DEFINE_string("image_size", None, "HxW; that of the model by default.")
flags.DEFINE_bool("skip_bad_files", False, "Leave out unreadable images, and odd sizes, of --dataset=folder.")
flags.DEFINE_string("outliers", None, "A data set whose test images should be found strange.")
cli.DEFINE_path("outlier_dir", None, "Where these lie, if not where the data do.")
flags.DEFINE_integer("count", 2000, "Images, at most.", lower_bound=16)
flags.DEFINE_integer("seed", 0, "Of draws, and of which images.")
cli.DEFINE_path("out", "diagnosis", "Directory of the page, new or of an earlier diagnosis.")


def main(_):
    from keras_vae.adopted import command  # TensorFlow, which --help does not wait for

    args = flags.FLAGS
    size = None if args.image_size is None else cli.image_size(args.image_size)
    diagnosis, page = command.run(args, size)
    print(f"{diagnosis}\ndiagnosed: {page}")


if __name__ == "__main__":
    cli.run(main)
