"""Data sets that are read through TensorFlow Datasets."""

import io
import types

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from keras_vae import data
from keras_vae.data import preprocessing, tfds_reader


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "celeb_a"])
def test_absent_data_is_one_clear_error(name, tmp_path, monkeypatch):
    def no_network(url, timeout):
        raise OSError("no network")

    monkeypatch.setattr(tfds_reader.urllib.request, "urlopen", no_network)
    with pytest.raises(FileNotFoundError) as caught:
        data.load(name, "train", data_dir=str(tmp_path))
    message = str(caught.value)
    assert f"looked for {name}/" in message and str(tmp_path) in message
    assert f"tfds build {name} --data_dir=" in message
    assert "faces, subspace and curve" in message and "folder" in message
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert not list(tmp_path.iterdir())  # Nothing half-made is left behind.


def test_data_dir_that_does_not_exist_is_not_created(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere' is not a directory"):
        data.load("mnist", "train", data_dir=str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


LENGTHS = (3, 1, 5, 2)  # images in each file


@pytest.fixture
def files(tmp_path):
    """(builder of a split in several files, its images [11, 4, 6, 1])."""
    images = np.random.default_rng(0).integers(0, 256, (sum(LENGTHS), 4, 6, 1), dtype=np.uint8)
    paths, left = [tmp_path / f"set-train.tfrecord-{number}" for number in range(len(LENGTHS))], iter(images)
    for path, length in zip(paths, LENGTHS):
        with tf.io.TFRecordWriter(str(path)) as writer:
            for _ in range(length):
                feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[tf.io.encode_png(next(left)).numpy()]))
                features = tf.train.Features(feature={"image": feature})
                writer.write(tf.train.Example(features=features).SerializeToString())
    split = types.SimpleNamespace(filepaths=paths, shard_lengths=list(LENGTHS))
    info = types.SimpleNamespace(splits={"train": split})
    return types.SimpleNamespace(name="set", data_path=tmp_path, info=info), images


def read(builder, start, count):
    batches = tfds_reader._batches(builder, "train", start, count, lambda encoded: preprocessing.decode(encoded, 1))
    return np.concatenate([np.zeros((0, 4, 6, 1), np.uint8), *(batch for batch, _ in batches)])


def test_reading_goes_on_anywhere_in_any_file(files):
    builder, images = files
    for count in (11, 9, 4, 1):
        for start in range(count):
            np.testing.assert_array_equal(read(builder, start, count), images[start:count], f"{start} to {count}")


@pytest.mark.parametrize(("which", "kept"), [(2, 200), (3, 0)])
def test_a_file_that_is_cut_off_is_named(files, which, kept):
    builder, _ = files
    path = builder.info.splits["train"].filepaths[which]
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="train split of set .* is damaged after image .* prepare it again"):
        read(builder, 0, 11)


def test_another_file_format_is_refused(tmp_path, monkeypatch):
    info = types.SimpleNamespace(file_format=types.SimpleNamespace(value="array_record"))
    builder = types.SimpleNamespace(info=info, data_path=tmp_path)
    monkeypatch.setattr(tfds_reader, "_builder", lambda *_: builder)
    with pytest.raises(ValueError, match="mnist in .* was prepared as array_record; only tfrecord is read"):
        data.load("mnist", "test", data_dir=str(tmp_path))


@pytest.mark.real_data
def test_mnist(real_data_dir):
    images = data.load("mnist", "test", data_dir=real_data_dir)
    assert images.shape == (10_000, 28, 28, 1) and images.dtype == np.uint8
    # The published mean of the test images is 0.1325.
    assert images.mean() / 255 == pytest.approx(0.1325, abs=1e-4)
    np.testing.assert_array_equal(data.load("mnist", "validation", data_dir=real_data_dir, limit=50), images[:50])


@pytest.fixture(scope="module")
def photographs(real_data_dir):
    """The first JPEGs of CelebA, decoded by Pillow: 12 arrays [218, 178, 3]."""
    import tensorflow_datasets as tfds

    builder = tfds.builder("celeb_a", data_dir=real_data_dir)
    examples = builder.as_dataset("test[:12]", decoders={"image": tfds.decode.SkipDecoding()})
    return [np.asarray(PIL.Image.open(io.BytesIO(example["image"].numpy()))) for example in examples]


@pytest.mark.real_data
def test_celeb_a_is_the_centre_of_the_photograph(real_data_dir, photographs):
    images = data.load("celeb_a", "test", data_dir=real_data_dir, limit=12)
    np.testing.assert_array_equal(images, np.stack([photograph[45:173, 25:153] for photograph in photographs]))


@pytest.mark.real_data
@pytest.mark.parametrize("size", [64, 32])
def test_small_celeb_a_is_the_mean_of_blocks(real_data_dir, photographs, size):
    images = data.load("celeb_a", "test", data_dir=real_data_dir, limit=12, image_size=(size, size))
    crops = np.stack([photograph[45:173, 25:153] for photograph in photographs])
    block = 128 // size
    means = crops.reshape(12, size, block, size, block, 3).mean(axis=(2, 4))
    np.testing.assert_array_equal(images, np.rint(means))


@pytest.mark.real_data
def test_damaged_data_is_named(real_data_dir, tmp_path):
    """A record file that was cut off in a copy."""
    import pathlib
    import shutil

    shutil.copytree(pathlib.Path(real_data_dir) / "mnist", tmp_path / "mnist")
    record = next(tmp_path.rglob("mnist-test.tfrecord-*"))
    record.chmod(0o644)
    record.write_bytes(record.read_bytes()[:100_000])
    with pytest.raises(ValueError, match="test split of mnist .* is damaged after image .* prepare it again"):
        data.load("mnist", "test", data_dir=str(tmp_path))
