"""TensorBoard: every logged number each epoch, in groups, pictures and histograms now and then, codes at the end.

The x axis is epochs of the stack: a stage goes on where the one below it ended.
"""

import time

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.plugins.custom_scalar import summary as custom_scalar
from tensorboard.summary.writer.record_writer import RecordWriter

from keras_vae.data.grids import grid, pairs
from keras_vae.data.subset import rows
from keras_vae.training.callbacks import board_tags

PICTURES = 10  # times a stage is pictured over its training
SHOWN = 16  # images
SMALLEST = 1e-30  # squared error
STARTED = SessionLog(status=SessionLog.START)


class Board:
    """TensorBoard's files under `folder`, of a stage that is trained for `epochs` of `examples` each.

    below: epochs of the stages below; done: epochs of this stage before a kill; the seed picks the images shown.
    """

    def __init__(self, folder, epochs, seed, below=0, done=0, examples=0):
        _start(folder, below + done + 1)
        self.writer = tf.summary.create_file_writer(str(folder))
        self.every, self.epochs, self.seed, self.below = max(1, epochs // PICTURES), epochs, seed, below
        self.examples, self.since = examples, time.monotonic()
        with self.writer.as_default(step=0):
            tf.summary.experimental.write_raw_pb(custom_scalar.pb(board_tags.layout()).SerializeToString())

    def write(self, epoch, logs, stack, probe):
        """Write the logs of an epoch (counted from 0) and, when it is time, the Probe and samples of the stack."""
        seconds = time.monotonic() - self.since
        speed = {"epoch_seconds": seconds, "examples_per_second": self.examples / seconds}
        with self.writer.as_default(step=self.below + epoch + 1):
            excess = logs["gamma"] / max(logs["rmse"] ** 2, SMALLEST)
            for name, value in {**logs, "gamma_excess": excess, **speed}.items():
                tag, description = board_tags.tag(name)
                tf.summary.scalar(tag, float(value), description=description)
            if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
                self._picture(stack, probe)
        self.writer.flush()
        self.since = time.monotonic()

    def close(self):
        """Close the file."""
        self.writer.close()

    def _picture(self, stack, probe):
        codes = probe.mean, probe.stddev, np.var(probe.mean, axis=0)
        for (name, description), values in zip(board_tags.HISTOGRAMS.items(), codes):
            if np.any(values):  # deterministic codes have no deviation
                tf.summary.histogram(f"codes/{name}", values, description=description)
        if len(stack.data_shape) != 3:
            return
        shown = rows(len(probe.images), SHOWN, self.seed)
        pictures = {"reconstructions": pairs(probe.images[shown], probe.reconstructions[shown])}
        if stack.active_stage.has_prior:
            pictures["samples"] = grid(stack.sample(SHOWN, seed=0, stage=stack.active_stage.name))
        for name, picture in pictures.items():
            tf.summary.image(f"pictures/{name}", picture[None], description=board_tags.PICTURES[name])


def _start(folder, step):
    """Tell TensorBoard that a process starts here: what it has from `step` on is of one that was killed.

    TensorBoard reads the files of a folder in the order of their names, so this one's name comes before the name of
    the file that the process writes next, in the same second too: a "-" stands before any host's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = time.time()
    with open(folder / f"events.out.tfevents.{int(now):010d}.-start", "wb") as file:
        writer = RecordWriter(file)
        for content in ({"file_version": "brain.Event:2"}, {"step": step, "session_log": STARTED}):
            writer.write(Event(wall_time=now, **content).SerializeToString())
