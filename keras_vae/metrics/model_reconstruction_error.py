"""The reconstruction error of a model given by its functions."""

import numpy as np
from tqdm import tqdm

from keras_vae.metrics._arrays import blocks, checked_examples
from keras_vae.metrics.reconstruction_error import reconstruction_error

BLOCK = 1024


def model_reconstruction_error(encode, decode, images, seed=0):
    """{"mean": ..., "sample": ...}: reconstruction_error from the posterior mean and from one draw z ~ q(z|x) each.

    encode    images (n, ...) -> mean, stddev (n, latent_dim); of a live stack or of its SavedModel, on arrays.
    decode    codes (n, latent_dim) -> images.
    The draw of image i depends on `seed` and i alone.
    """
    images, noise = checked_examples(images, "images"), np.random.default_rng(seed)
    found = {"mean": [], "sample": []}
    for block in tqdm(blocks(len(images), BLOCK), desc="reconstruction", disable=None, delay=2):
        mean, stddev = (np.asarray(part) for part in encode(images[block]))
        draw = mean + stddev * noise.standard_normal(mean.shape).astype(np.float32)
        for name, code in (("mean", mean), ("sample", draw)):
            found[name].append(reconstruction_error(images[block], np.asarray(decode(code))))
    return {name: _joined(parts) for name, parts in found.items()}


def _joined(parts):
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
