"""Read one split of a prepared TFDS data set, batch by batch, with every failure turned into one plain error."""

import functools
import hashlib
import logging
import os
import pathlib
import urllib.error
import urllib.request

import tensorflow as tf
import tensorflow_datasets as tfds

from keras_vae.data.store import Examples, Plan

BATCH = 256  # images
NO_DOWNLOAD_NEEDED = "faces, subspace and curve are computed and need no files; folder reads any directory of images"


def read(name, split, data_dir, preprocess, shape, limit=None, source=None):
    """Examples of `split`, images [N, *shape] uint8 in file order, made by `preprocess` from the bytes of its file.

    `limit` keeps the first images only. A data set that is not prepared yet is downloaded from `source` (a URL) where
    one is given and can be reached; otherwise FileNotFoundError says what to do.
    """
    builder = _builder(name, data_dir, source)
    if (written := builder.info.file_format.value) != "tfrecord":
        raise ValueError(
            f"{name} in {builder.data_path} was prepared as {written}; only tfrecord is read. "
            f"Prepare it again elsewhere: `tfds build {name} --file_format=tfrecord --data_dir=DIRECTORY`"
        )
    info = builder.info.splits[split]
    count = info.num_examples if limit is None else min(limit, info.num_examples)

    def plan(_):
        return Plan(
            count, shape, lambda start: _batches(builder, split, start, count, preprocess), f"reading {name} {split}"
        )

    return Examples(plan, _state(info.filepaths), pathlib.Path(builder.data_path).parent.parent)


def _state(paths):
    """Words that change with every file's name, size and time of change."""
    states = [(path.name, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths if os.path.exists(path)]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:32]


def _batches(builder, split, start, count, preprocess):
    """Yield images [k, *shape] uint8 from number `start` to `count` of a split, with nothing left out."""
    # TFDS would parse each record on its own, at ten times the cost of small images: they are parsed by the batch here.
    paths, skipped = list(builder.info.splits[split].filepaths), start
    for length in builder.info.splits[split].shard_lengths[:-1]:  # whole files that a killed process had done
        if skipped < length:
            break
        paths, skipped = paths[1:], skipped - length
    # One file after the other: the order must not depend on how many files the data set was written to.
    records = tf.data.TFRecordDataset([str(path) for path in paths]).skip(skipped).take(count - start).batch(BATCH)
    read = tf.autograph.experimental.do_not_convert(functools.partial(_images, preprocess=preprocess))
    batches = records.map(read, os.cpu_count()).prefetch(2)
    options = tf.data.Options()
    options.autotune.enabled = False  # there is nothing to tune, and its thread takes seconds to end
    batches = batches.with_options(options)
    done = start
    try:
        for batch in batches.as_numpy_iterator():
            yield batch, []
            done += len(batch)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
        damage = str(error).splitlines()[0]
    else:
        damage = f"it has {done} images instead of {count}"
    if done < count:
        raise ValueError(
            f"the {split} split of {builder.name} in {builder.data_path} is damaged after image {done}: {damage}. "
            "Delete that directory and prepare it again."
        )


def _images(records, preprocess):
    """Images [k, H, W, C] uint8 of a batch of serialised tf.Examples."""
    files = tf.io.parse_example(records, {"image": tf.io.FixedLenFeature([], tf.string)})["image"]
    return tf.map_fn(preprocess, files, fn_output_signature=tf.uint8)


def _builder(name, data_dir, source):
    """The TFDS builder of `name`, prepared."""
    if data_dir is not None and not pathlib.Path(data_dir).expanduser().is_dir():
        raise FileNotFoundError(f"data_dir {str(data_dir)!r} is not a directory. {_advice(name, source)}")
    # TFDS warns at length about an empty directory; the error below says the same in one sentence.
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        builder = tfds.builder(name, data_dir=data_dir and pathlib.Path(data_dir).expanduser())
        if builder.is_prepared():
            return builder
        problem = _download(builder, source)
    finally:
        logger.setLevel(level)
    if problem is None:
        return builder
    looked_for = f"{builder.name}/{builder.version} (files {builder.name}-*.tfrecord-*)"
    raise FileNotFoundError(
        f"{name} was not found: looked for {looked_for} in {builder.data_path.parent.parent}; {problem}. "
        f"{_advice(name, source)}"
    )


def _download(builder, source):
    """Download and prepare a data set. Returns None, or what went wrong in a few words."""
    if source is None:
        return "it is not downloaded automatically, because its host nearly always refuses"
    try:
        urllib.request.urlopen(source, timeout=5).close()  # Fails at once, where TFDS would retry for minutes.
    except urllib.error.HTTPError:
        pass  # The host answered; that it lists no directory does not matter.
    except OSError as error:
        return f"{source} cannot be reached for a download ({getattr(error, 'reason', error)})"
    try:
        builder.download_and_prepare()
    except Exception as error:  # TFDS raises anything from OSError to its own checksum errors.
        return f"the download from {source} failed ({type(error).__name__}: {str(error).splitlines()[0][:200]})"
    return None


def _advice(name, source):
    by_hand = "on a machine with network access"
    if source is None:
        by_hand = "after putting its files, downloaded by hand, where that command asks for them"
    return (
        f"Pass --data_dir=DIRECTORY where DIRECTORY/{name} was prepared with TensorFlow Datasets; to prepare it, run "
        f"`tfds build {name} --data_dir=DIRECTORY` {by_hand}. Without any download: {NO_DOWNLOAD_NEEDED}."
    )
