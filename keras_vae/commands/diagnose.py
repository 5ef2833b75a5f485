"""Judge a VAE that was trained elsewhere, and write a page about it.

The model is a .keras file with parts `encoder` and `decoder`, a SavedModel with signatures `encode` and `decode`, or
two files, --encoder and --decoder. It takes and gives images (n, H, W, C) in [0, 1]; kv.diagnose takes any other model.
It is judged by the test split of a data set; of a folder without train/ that is a part of its files, by their names.
"""

import pathlib
import typing

from keras_vae import cli
from keras_vae.commands import _recipe
from keras_vae.config import SEEDS

FLAGS = cli.Flags(__doc__.splitlines()[0], "--model=theirs.keras --data_dir=~/photos --out=diagnosis")
FLAGS.group("The model: one file, or two")
FLAGS.define("path", "model", None, "A .keras file, a SavedModel, or an export: both sides in one.")
FLAGS.define("path", "encoder", None, "The encoder, where it is a file of its own; with --decoder.")
FLAGS.define("path", "decoder", None, "The decoder.")
FLAGS.define("string", "spread", "stddev", "Second output of the encoder, or half of its only one: or log_variance.")
FLAGS.group("Images to judge it by")
FLAGS.define("string", "dataset", "folder", "Data set whose test images are used: a file of keras_vae/data/sets.")
FLAGS.define("string", "image_size", None, "HxW; that of the model by default.")
FLAGS.define("string", "outliers", None, "A data set whose test images should be found strange.")
FLAGS.define("path", "outlier_dir", None, "Where these lie, if not where the data do.")
FLAGS.define("integer", "count", 2000, "Images, at most.", lower_bound=16, upper_bound=2**31 - 1)
FLAGS.define("integer", "seed", 0, "Of draws, and of which images.", **SEEDS)
_recipe.define_places(FLAGS)
FLAGS.group("What is written")
FLAGS.define("path", "out", "diagnosis", "Directory of the page, new or of an earlier diagnosis.")


def main(args: cli.Flags) -> None:
    """Judge the model that the flags name, and write its page."""
    # TensorFlow, which --help does not wait for.
    from keras_vae import data
    from keras_vae.adopted.diagnose import check_free, diagnose
    from keras_vae.adopted.loading import load

    if args.outlier_dir is not None and args.outliers is None:
        raise ValueError("--outlier_dir is of no use without --outliers=...")
    given = ("image_size", "data_dir", "cache_dir", "skip_bad_files")
    data.check_taken(args.dataset, [option for option in given if args[option].present])
    size = None if args.image_size is None else _recipe.image_size(args.image_size)
    out = check_free(args.out)
    found = load(args.model, args.encoder, args.decoder, args.spread)
    if size is None and found.data_shape:
        size = list(found.data_shape[:2])
    images = _test(args, args.dataset, args.data_dir, size)
    if found.data_shape and images.shape[1:] != found.data_shape:
        raise ValueError(f"{args.dataset} has images of shape {images.shape[1:]}; the model takes {found.data_shape}")
    split = f"test, of {args.dataset}"
    print(f"judged by {min(args.count, len(images)):,} of {len(images):,} images: {split}", flush=True)
    strange = None
    if args.outliers is not None:
        strange = _test(args, args.outliers, args.outlier_dir or args.data_dir, list(images.shape[1:3]))
    name = pathlib.Path(args.model or args.encoder).name
    diagnosis = diagnose(
        found.encode, found.decode, images, outliers=strange, name=name, count=args.count, seed=args.seed
    )
    diagnosis.results["protocol"]["split"] = split
    print(diagnosis)
    cli.told("diagnosed", diagnosis.write(out))


def _test(args, dataset, data_dir, image_size):
    """The test images of a data set; options that it does not have, as an image size of MNIST, are left out."""
    from keras_vae import data

    options = {"data_dir": data_dir, "cache_dir": args.cache_dir, "image_size": image_size}
    options |= {"skip_bad_files": True} if args.skip_bad_files else {}
    takes = data.options(dataset)
    return data.load(dataset, "test", **{name: value for name, value in options.items() if name in takes})


def run(words: list[str]) -> typing.NoReturn:
    """Diagnose, by the words of a command line."""
    cli.run(FLAGS, main, words)
