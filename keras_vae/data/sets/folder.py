"""Any directory of PNG and JPEG files, sub-directories included.

Where the directory has a sub-directory train/, the sub-directories train/, validation/ and test/ are the splits.
Otherwise each file falls into a split by the hash of its path (see image_files.members). Images are RGB, or have one
channel if every file is grey. Alpha is dropped, EXIF rotation is not applied.
"""

import concurrent.futures
import pathlib

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from keras_vae.checks import size
from keras_vae.data import image_files, preprocessing
from keras_vae.data.image_files import BadFiles

PRESET = "celeb_a_vae_plus"
SPLITS = ("train", "validation", "test")
EXTENSIONS = (".png", ".jpg", ".jpeg")


def load(split, *, data_dir, image_size=None, skip_bad_files=False):
    """Images [N, H, W, C] uint8 of `split`, sorted by path.

    With `image_size` = (H, W) each image is cut in its centre to that aspect and resized by area; without, all must
    have the same size. Files that cannot be used are an error that names them, or are left out with `skip_bad_files`.
    """
    root = pathlib.Path(data_dir).expanduser()
    image_size = None if image_size is None else size(image_size)
    bad = BadFiles(root, skip_bad_files)
    headers = image_files.read_headers(_paths(root), bad)
    if image_size is None:
        image_size, headers = image_files.of_one_size(headers, bad)
    bad.report()
    channels = 1 if all(header.grey for header in headers.values()) else 3
    paths = _in_split(root, sorted(headers), split)
    images = _decode(paths, image_size, channels, bad)
    bad.report()
    if not len(images):
        raise ValueError(f"no readable image is left for {split} in {root}")
    return images


def _paths(root):
    """All image files under `root`, sorted."""
    if not root.is_dir():
        raise FileNotFoundError(f"data_dir {str(root)!r} is not a directory; folder needs one that holds images")
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())
    if not paths:
        raise FileNotFoundError(f"no images in {root} or below it: looked for files named {', '.join(EXTENSIONS)}")
    return paths


def _in_split(root, paths, split):
    """Those of the sorted `paths` that belong to `split`."""
    if not (root / "train").is_dir():
        return image_files.members(paths, root, split)
    inside = [path for path in paths if path.is_relative_to(root / split)]
    if not inside:
        raise FileNotFoundError(
            f"{root} has train/ but no images in {split}/: with a sub-directory train/ the splits are the "
            f"sub-directories {'/, '.join(SPLITS)}/. Add {split}/, or rename train/ to have the images split by name"
        )
    return inside


def _decode(paths, image_size, channels, bad):
    """Images [N, *image_size, channels] uint8 of the files that can be decoded; the others go to `bad`."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def preprocess(encoded):
        return preprocessing.fit(preprocessing.decode(encoded, channels), image_size)

    def read(path):
        try:
            return preprocess(path.read_bytes()).numpy()
        except (OSError, tf.errors.OpError):
            return None

    images = np.empty((len(paths), *image_size, channels), np.uint8)
    done = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # The bar waits 5 seconds before it shows itself: small folders stay silent.
        for path, image in zip(paths, tqdm(pool.map(read, paths), "reading images", len(paths), delay=5), strict=True):
            if image is None:
                bad.add(path, "cannot be read")
            else:
                images[done] = image
                done += 1
    return images[:done]
