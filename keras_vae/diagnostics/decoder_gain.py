"""Reconstruction gain for any decoder."""

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from keras_vae.models.stage import squared_error

BATCH = 500


def decoder_gain(decode, codes, targets):
    """The squared error that zeroing each code dimension adds, (latent_dim,): variable collapse, section 5.

    It is the mean over examples of ||x - decode(z with z_k = 0)||^2 - ||x - decode(z)||^2.
    decode: a function (or Keras model) of tensors z (n, latent_dim) -> (n, ...).
    codes: (n, latent_dim) posterior means; targets: (n, ...), what decode(codes) should equal.
    """
    codes, targets = np.asarray(codes, np.float32), np.asarray(targets, np.float32)
    if codes.ndim != 2 or not codes.size:
        raise ValueError(f"codes has shape {codes.shape}; expected (n, latent_dim), at least one of each")
    if len(targets) != len(codes):
        raise ValueError(f"targets has {len(targets)} examples; expected one for each of the {len(codes)} codes")
    latent_dim = codes.shape[1]

    @tf.function(reduce_retracing=True)
    def error(z, x, kept):
        return tf.reduce_sum(squared_error(x, decode(z * kept)))

    starts = range(0, len(codes), BATCH)
    batches = [(tf.constant(codes[i : i + BATCH]), tf.constant(targets[i : i + BATCH])) for i in starts]
    errors = []
    masks = np.concatenate([np.ones((1, latent_dim)), 1.0 - np.eye(latent_dim)]).astype(np.float32)
    for kept in tqdm(masks, desc="reconstruction gain", unit="dim", disable=None, delay=5.0):
        errors.append(sum(float(error(z, x, tf.constant(kept))) for z, x in batches) / len(codes))
    return np.asarray(errors[1:]) - errors[0]
