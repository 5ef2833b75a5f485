"""Any directory of PNG and JPEG files, sub-directories included, and those that symbolic links lead to.

Where the directory has a sub-directory train/, the sub-directories train/, validation/ and test/ are the splits.
Otherwise each file falls into a split by the hash of its path (see image_files.members). Images are RGB, or have one
channel if every file is grey. Alpha is dropped, EXIF rotation is not applied.
"""

import concurrent.futures
import math
import pathlib

import numpy as np
import tensorflow as tf

from keras_vae.checks import size
from keras_vae.data import image_files, preprocessing
from keras_vae.data.image_files import CHUNK, BadFiles
from keras_vae.data.read_ahead import bounded
from keras_vae.data.store import Examples, Plan

PRESET = "celeb_a_vae_plus"
SPLITS = ("train", "validation", "test")
EXTENSIONS = (".png", ".jpg", ".jpeg")
AT_ONCE = 2**23  # bytes of images that a thread decodes before it takes others, at most


def load(split, *, data_dir, image_size=None, skip_bad_files=False):
    """Images [N, H, W, C] uint8 of `split`, sorted by path.

    With `image_size` = (H, W) each image is cut in its centre to that aspect and resized by area; without, all must
    have the same size. Files that cannot be used are an error that names them, or are left out with `skip_bad_files`.
    """
    root = pathlib.Path(data_dir).expanduser()
    image_size = None if image_size is None else size(image_size)
    if not root.is_dir():
        raise FileNotFoundError(f"data_dir {str(root)!r} is not a directory; folder needs one that holds images")
    image_files.check_links(root, SPLITS)
    files = image_files.listing(root, EXTENSIONS)
    if not files.paths:
        raise FileNotFoundError(f"no images in {root} or below it: looked for files named {', '.join(EXTENSIONS)}")
    return Examples(lambda folder: _plan(files, split, image_size, skip_bad_files, folder), files.digest, root)


def _plan(files, split, image_size, skip, folder):
    bad = BadFiles(files.root, skip)
    survey = image_files.survey(files, image_size, bad, folder)
    usable = np.array([number for number, path in enumerate(files.paths) if path not in survey.problems], np.int64)
    numbers = _in_split(files, usable, split)
    shape = (*survey.size, survey.channels) if len(usable) else (1, 1, 1)
    return Plan(
        len(numbers),
        shape,
        lambda start: _decoded(files, numbers[start:], shape, BadFiles(files.root, skip)),
        "reading images",
        left_out=tuple(bad.problems),
    )


def _in_split(files, numbers, split):
    """Those numbers of files that belong to `split`, in order."""
    if not (files.root / "train").is_dir():
        return numbers[image_files.members([files.paths[number] for number in numbers], files.root, split)]
    inside = [number for number in numbers if files.paths[number].startswith(f"{split}/")]
    if not inside:
        raise FileNotFoundError(
            f"{files.root} has train/ but no images in {split}/: with a sub-directory train/ the splits are the "
            f"sub-directories {'/, '.join(SPLITS)}/. Add {split}/, or rename train/ to have the images split by name"
        )
    return np.array(inside, np.int64)


def _decoded(files, numbers, shape, bad):
    """Yield chunks of images (k, *shape) uint8 of the files with these numbers, and of those that cannot be read."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def pixels(contents):
        return tf.map_fn(
            lambda encoded: preprocessing.read(encoded, shape),
            contents,
            parallel_iterations=1,  # threads are what runs side by side; large photographs need memory one by one
            fn_output_signature=tf.TensorSpec(shape, tf.uint8),
        )

    def read(chunk):
        images, problems, waiting, total = [np.empty((0, *shape), np.uint8)], [], {}, 0
        for number in chunk:
            try:
                waiting[number] = _content(files, number)
            except OSError:
                problems.append(number)
                continue
            total += len(waiting[number])
            if total > AT_ONCE:  # photographs of many megabytes
                images += decode(waiting, problems)
                waiting, total = {}, 0
        images += decode(waiting, problems)
        return np.concatenate(images), [
            f"{image_files.named(files.paths[number])} cannot be read" for number in sorted(problems)
        ]

    def decode(contents, problems):
        """[images (k, *shape)] of {number: bytes}: in one call, which costs a quarter of a call for each."""
        try:
            return [pixels(tf.constant(list(contents.values()), tf.string))]
        except tf.errors.OpError:
            if len(contents) == 1:
                problems += contents
                return []
        return [image for each in contents.items() for image in decode(dict([each]), problems)]

    size = max(1, min(CHUNK, AT_ONCE // math.prod(shape)))
    chunks = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done, (images, problems) in enumerate(bounded(pool, read, chunks), start=1):
            for problem in problems:
                bad.add(problem)
            bad.refuse(looked_at=None if done == len(chunks) else min(done * size, len(numbers)))
            yield images, problems


def _content(files, number):
    """The bytes of a file that is still the one that was listed; ValueError if it is not."""
    path, problem = files.root / files.paths[number], ""
    try:
        with image_files.opened(path) as (file, status):
            listed = (status.st_size, status.st_mtime_ns) == tuple(files.states[number])
            content = file.read() if listed else b""
        if not listed or len(content) != status.st_size:
            problem = "changed"
    except FileNotFoundError:
        problem = "vanished"
    if problem:
        path = image_files.named(str(path))
        raise ValueError(f"{path} {problem} while images were read; start again when the directory is at rest")
    return content
