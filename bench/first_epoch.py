"""Reading of CelebA's JPEGs beside tf.data that only decodes them, and the speed of batches that no step waits for.

    python bench/first_epoch.py --data_dir=TFDS [--size=64] [--rounds=3]

Training begins when all images are read, once; here they are 8,000. The plain side is tf.data over the same files: it
parses and decodes, on as many threads as it likes, crops nothing, reduces nothing and keeps nothing. Then an epoch's
batches of 64 are taken and thrown away: a step that is slower than these never waits for its data.
"""

import pathlib
import statistics

from _turns import row, timed
from absl import app, flags

from keras_vae import cli

cli.DEFINE_path("data_dir", None, "Folder of TFDS with CelebA.", required=True)
flags.DEFINE_integer("size", 64, "Height and width of the images.")
flags.DEFINE_integer("rounds", 3, "Times that each side is run.")

COUNT, BATCH = 8_000, 64  # as many lie in memory; more would be a store, which is written once


def decoded(files):
    """The number of images that tf.data alone decodes, COUNT of them."""
    import tensorflow as tf

    feature = {"image": tf.io.FixedLenFeature([], tf.string)}
    records = tf.data.TFRecordDataset(files, num_parallel_reads=tf.data.AUTOTUNE)
    images = records.take(COUNT).map(
        lambda record: tf.io.decode_jpeg(tf.io.parse_single_example(record, feature)["image"], channels=3),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=False,
    )
    return int(images.prefetch(tf.data.AUTOTUNE).reduce(0, lambda count, image: count + 1))


def main(_):
    from keras_vae import data
    from keras_vae.data.pipeline import Epochs

    size, rounds = flags.FLAGS.size, flags.FLAGS.rounds
    files = sorted(map(str, pathlib.Path(flags.FLAGS.data_dir).glob("celeb_a/*/celeb_a-train.tfrecord-*")))

    def ours():
        return data.load("celeb_a", "train", data_dir=flags.FLAGS.data_dir, image_size=[size, size], limit=COUNT)

    seconds, (images, count) = timed((ours, lambda: decoded(files)), rounds, warm=1)
    print("| reading of all images | ours, s | tf.data, s | tf.data / ours, round by round | images |")
    print("|---|---|---|---|---|")
    row(f"{size}x{size}", seconds, 1, f"{len(images)}, {count}")
    batches = Epochs([images], BATCH, seed=0)
    (taken,), _ = timed([lambda: sum(1 for _ in batches.dataset())], rounds, warm=1)
    print(f"batches alone: {batches.steps * BATCH / statistics.median(taken):,.0f} images/s")


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
