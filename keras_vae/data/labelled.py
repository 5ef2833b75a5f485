"""Labelled pictures: the folders normal/ and abnormal/ of a test of screening."""

import dataclasses
import pathlib

import numpy as np
import tensorflow as tf

from keras_vae import plugins
from keras_vae.data import image_files, preprocessing
from keras_vae.data.sets.folder import EXTENSIONS
from keras_vae.data.subset import rows
from keras_vae.status import Progress

KINDS = ("normal", "abnormal")


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Pictures of one kind: images (n, H, W, C) uint8 and the name of each, a path from the folder of both kinds."""

    images: np.ndarray
    names: list[str]
    left_out: list[str]  # "PATH cannot be read"


def load(root, shape, count, seed, read=preprocessing.read, skip_bad_files=False):
    """{"normal", "abnormal"}: Labelled of the folders of these names in `root`, `count` of each at most, drawn by seed.

    read: a function (encoded, shape) as data sets define it, so that pictures are seen as an export sees them. Files
    that cannot be read are an error that names them, or are left out with `skip_bad_files`.
    """
    root = pathlib.Path(root).expanduser()
    if not root.is_dir():
        beside = _folders(root.parent) if root.parent.is_dir() else []
        raise FileNotFoundError(f"{root} is not a directory; {_expected()}{plugins.nearest(root.name, beside)}")
    image_files.check_links(root, KINDS)
    for kind in KINDS:
        if not (root / kind).is_dir():
            found = ", ".join(f"{name}/" for name in _folders(root)) or "none"
            nearest = plugins.nearest(kind, _folders(root), "{}/ renamed")
            raise FileNotFoundError(f"{root} has no folder {kind}/; {_expected()}, and found {found}{nearest}")
    return {kind: _kind(root, kind, shape, count, seed, read, skip_bad_files) for kind in KINDS}


def _expected():
    return f"expected one with folders {' and '.join(f'{kind}/' for kind in KINDS)} of pictures"


def _folders(path):
    return sorted(entry.name for entry in path.iterdir() if entry.is_dir())


def _kind(root, kind, shape, count, seed, read, skip):
    files = image_files.listing(root / kind, EXTENSIONS)
    if not files.paths:
        raise FileNotFoundError(f"no images in {files.root} or below it: looked for files {', '.join(EXTENSIONS)}")
    drawn = np.sort(rows(len(files.paths), count, seed))
    preprocess = tf.function(lambda encoded: read(encoded, shape), input_signature=[tf.TensorSpec([], tf.string)])
    images, names, bad = [], [], image_files.BadFiles(files.root, skip)
    for number in Progress(drawn, f"reading {kind} pictures", unit="pictures"):
        path = files.paths[number]
        try:
            with image_files.opened(files.root / path) as (file, _):
                images.append(preprocess(file.read()).numpy())
            names.append(f"{kind}/{path}")
        except (OSError, tf.errors.OpError):
            bad.add(f"{image_files.named(path)} cannot be read")
    bad.refuse()
    if not images:
        raise ValueError(f"no readable image is left in {files.root}")
    return Labelled(np.stack(images), names, bad.problems)
