"""Diagnosis from the command line: a model and images that are named, and the page about them."""

import pathlib

from keras_vae import data
from keras_vae.adopted.diagnose import Diagnosis, check_free, diagnose
from keras_vae.adopted.loading import load


def run(args, image_size: list[int] | None = None) -> tuple[Diagnosis, pathlib.Path]:
    """Return the Diagnosis that the flags of keras_vae/diagnose.py ask for, and the page that it wrote."""
    out = pathlib.Path(args.out)
    check_free(out)
    found = load(args.model, args.encoder, args.decoder, args.spread)
    if image_size is None and found.data_shape:
        image_size = list(found.data_shape[:2])
    images = _test(args.dataset, args.data_dir, args, image_size)
    if found.data_shape and images.shape[1:] != found.data_shape:
        raise ValueError(f"{args.dataset} has images of shape {images.shape[1:]}; the model takes {found.data_shape}")
    strange = None
    if args.outliers is not None:
        strange = _test(args.outliers, args.outlier_dir or args.data_dir, args, list(images.shape[1:3]))
    name = pathlib.Path(args.model or args.encoder).name
    diagnosis = diagnose(
        found.encode, found.decode, images, outliers=strange, name=name, count=args.count, seed=args.seed
    )
    return diagnosis, diagnosis.write(out)


def _test(dataset, data_dir, args, image_size):
    """The test images of a data set; options that it does not have, as an image size of MNIST, are left out."""
    options = {"data_dir": data_dir, "cache_dir": args.cache_dir, "image_size": image_size}
    options |= {"skip_bad_files": True} if args.skip_bad_files else {}
    takes = data.options(dataset)
    return data.load(dataset, "test", **{name: value for name, value in options.items() if name in takes})
