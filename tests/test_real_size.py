"""Memory of train.py, evaluate.py and export.py on 200,000 images of 64x64x3, from a folder and from TFRecords.

What counts is RssAnon of /proc/PID/status, the memory that belongs to the process alone, at its highest, less what a
process has that only imports TensorFlow and Keras and runs one graph. Pages of mapped files (RssFile, a part of VmHWM)
are page cache, which the kernel takes back when it needs it, and say nothing about the number of examples.
"""

import io
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import PIL.Image
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
COUNT = int(os.environ.get("KERAS_VAE_IMAGES", 200_000))
DIFFERENT = 500  # images; the others repeat them
BOUND = 2 * 2**30
BASELINE = """
import keras, tensorflow as tf, tensorflow_probability
print(tf.function(lambda x: tf.linalg.matmul(x, x), jit_compile=True)(tf.ones((100, 100))).shape)
"""
SETTINGS = [
    "--preset=two_stage_vae",
    *("--set=vae.network=affine", "--set=vae.network_options={}", "--set=vae.latent_dim=8"),
    *("--set=second.latent_dim=8", '--set=second.network_options={"width": 16}'),
    *(f"--set={stage}.{number}" for stage in ("vae", "second") for number in ("epochs=1", "batch_size=500")),
]


def peak(*command, **environment):
    """(highest RssAnon in bytes, output) of a Python process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    words = [sys.executable, *map(str, command)]
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        os.set_blocking(process.stdout.fileno(), False)
        highest, output = 0, b""
        while process.poll() is None:
            highest, output = max(highest, anonymous(process.pid)), output + (process.stdout.read() or b"")
            time.sleep(0.02)
        output += process.stdout.read() or b""
    assert process.returncode == 0, output.decode()
    return highest, output.decode()


def anonymous(pid):
    """RssAnon of a process, 0 when it is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0)


def pictures():
    """The bytes of DIFFERENT PNGs of 64x64."""
    for blocks in np.random.default_rng(0).integers(0, 256, (DIFFERENT, 8, 8, 3), dtype=np.uint8):
        file = io.BytesIO()
        PIL.Image.fromarray(blocks.repeat(8, axis=0).repeat(8, axis=1)).save(file, "PNG", compress_level=1)
        yield file.getvalue()


def write_folder(root):
    """COUNT files in sub-directories of a thousand; returns the flags of train.py for them."""
    contents = list(pictures())
    for number in range(COUNT):
        if number % 1000 == 0:
            (root / f"{number // 1000:04}").mkdir(parents=True)
        (root / f"{number // 1000:04}" / f"{number:07}.png").write_bytes(contents[number % DIFFERENT])
    return ["--dataset=folder", f"--data_dir={root}"]


def write_records(root):
    """The same in TFRecords that tfds.builder("celeb_a") reads, in ten files a split."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    contents, builder = list(pictures()), tfds.builder("celeb_a", data_dir=root)
    splits, folder = [], pathlib.Path(builder.data_path)
    folder.mkdir(parents=True)
    for split, share in (("train", 0.9), ("validation", 0.05), ("test", 0.05)):
        each = int(share * COUNT) // 10
        template = tfds.core.ShardedFileTemplate(
            data_dir=folder, dataset_name="celeb_a", split=split, filetype_suffix="tfrecord"
        )
        info = tfds.core.SplitInfo(name=split, shard_lengths=[each] * 10, num_bytes=1, filename_template=template)
        splits.append(info)
        for shard in range(10):
            path = folder / f"celeb_a-{split}.tfrecord-{shard:05}-of-00010"
            with tf.io.TFRecordWriter(str(path)) as writer:
                for number in range(each):
                    image = tf.train.BytesList(value=[contents[number % DIFFERENT]])
                    features = {"image": tf.train.Feature(bytes_list=image)}  # all that is read
                    writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    builder.info.set_splits(tfds.core.SplitDict(splits))
    builder.info.write_to_directory(folder)
    return ["--dataset=celeb_a", f"--data_dir={root}", "--image_size=64"]


@pytest.fixture(scope="module")
def baseline():
    return peak("-c", BASELINE)[0]


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_folder, write_records])
def test_memory_does_not_grow_with_the_number_of_images(tmp_path, baseline, write):
    flags, run = write(tmp_path / "data"), tmp_path / "run"
    commands = {
        "train": ("train.py", *flags, *SETTINGS, f"--workdir={run}"),
        "evaluate": ("evaluate.py", f"--workdir={run}", f"--count={COUNT // 40}"),
        "export": ("export.py", f"--workdir={run}", f"--export_dir={tmp_path / 'export'}"),
    }
    beyond = {}
    for name, command in commands.items():
        began = time.monotonic()
        highest, output = peak(*command)
        beyond[name] = highest - baseline
        print(
            f"{write.__name__} {name}: {beyond[name] / 2**20:,.0f} MiB beyond {baseline / 2**20:,.0f}, "
            f"{time.monotonic() - began:.0f} s\n{output[-2000:]}"
        )
    assert max(beyond.values()) < BOUND, beyond
    if COUNT >= 200_000:
        assert list((tmp_path / "data" / ".keras_vae").glob("*-train-*/rows.raw"))
