"""Posteriors of frozen stages: the data of the next stage."""

import numpy as np

from keras_vae.files import write_atomically


def posteriors(path, encode, images):
    """Return mean and deviation of q(z|x) of every training image, two (n, latent_dim) float32 arrays, computed once.

    Kept in the file `path`; the stage above draws a fresh z ~ q(z|x) from them at every step, and never runs the
    encoder again.
    """
    if not path.exists():
        mean, stddev = encode(images)
        write_atomically(path, lambda file: np.savez(file, mean=mean, stddev=stddev))
    with np.load(path) as stored:
        mean, stddev = stored["mean"], stored["stddev"]
    if len(mean) != len(images):
        raise ValueError(
            f"{path} holds the codes of {len(mean)} images, but the data set has {len(images)} now; "
            "train in a new --workdir, or restore the data set"
        )
    return mean, stddev
