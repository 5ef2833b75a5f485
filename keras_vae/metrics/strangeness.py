"""Strangeness: how strange an image is beside held-out ones, a number in [0, 1] that a threshold can be set on.

Nats mean nothing to who screens; the share of held-out images that are less strange does. At a threshold of 0.95 about
one ordinary image in twenty raises an alarm.
"""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Sorted scores of held-out images, each (n,) float32: what strangeness compares with."""

    negative_elbo: np.ndarray
    reconstruction: np.ndarray
    kl: np.ndarray
    combined: np.ndarray

    @classmethod
    def of(cls, score: dict[str, np.ndarray]) -> "HeldOut":
        """HeldOut of the scores of held-out images, {"elbo", "reconstruction", "kl"}, each (n,)."""
        negative_elbo, reconstruction, kl = (np.sort(-score["elbo"]), *(np.sort(score[key]) for key in PARTS))
        combined = tf.maximum(_share(reconstruction, score["reconstruction"]), _oddness(kl, score["kl"]))
        return cls(negative_elbo, reconstruction, kl, np.sort(combined.numpy()))


PARTS = ("reconstruction", "kl")


def strangeness(held_out: HeldOut, score: dict) -> dict:
    """{"strangeness_elbo", "strangeness_reconstruction", "strangeness"} of scores, tensors (n,) float32 in [0, 1].

    Each is the share of held-out images that are less strange: by the negative ELBO; by the reconstruction term, which
    sees what is off the manifold (infinite gradients, section 2.2); and by the larger of that share and of how far the
    KL is from the middle of the held-out ones, on either side, which sees what lies oddly on the manifold: a picture
    that says too little has too small a KL. docs/serving.md has the measurements that chose it.
    """
    reconstruction = _share(held_out.reconstruction, score["reconstruction"])
    return {
        "strangeness_elbo": _share(held_out.negative_elbo, -score["elbo"]),
        "strangeness_reconstruction": reconstruction,
        "strangeness": _share(held_out.combined, tf.maximum(reconstruction, _oddness(held_out.kl, score["kl"]))),
    }


def _share(sorted_scores, scores, side="left"):
    """Share of sorted_scores (m,) that are below each of scores (n,); side="right": not above. All are below NaN."""
    scores = tf.cast(scores, tf.float32)
    below = tf.searchsorted(tf.constant(sorted_scores, tf.float32), scores, side=side)
    return tf.where(tf.math.is_nan(scores), 1.0, tf.cast(below, tf.float32) / len(sorted_scores))


def _oddness(sorted_scores, scores):
    """Distance of scores (n,) from the median of sorted_scores (m,) in shares of them, from 0 to 1; ties count half."""
    return tf.abs(_share(sorted_scores, scores) + _share(sorted_scores, scores, "right") - 1.0)
