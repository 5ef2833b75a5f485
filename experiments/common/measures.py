"""Numbers that several experiments report of a trained stack."""

import numpy as np

from keras_vae.data.store import temporary
from keras_vae.diagnostics import effective_rank, latent_table
from keras_vae.metrics import downsample, importance_weighted_nll, mmd_to_prior, reconstruction_error

SAMPLES = 50  # of the importance-weighted likelihood; Table 1 does not say of how many its own is


def balance(trained, count=10_000):
    """The columns of Table 1 of regularisation balance, of test images.

    Rec. Err. is given as the norm and as the squared error; active is Burda's count, informative counts the dimensions
    with more signal than noise, var(mu) > mean(sigma^2).
    """
    evaluation = trained.evaluation(count)
    errors = reconstruction_error(evaluation.test, evaluation.reconstructions)
    table = latent_table(*evaluation.posterior)
    return {
        "norm": float(np.mean(errors["l2"])),
        "squared error": float(np.mean(errors["squared_error"])),
        "NLL": float(np.mean(importance_weighted_nll(trained.stack, evaluation.test, SAMPLES))),
        "active": int(table.active.sum()),
        "informative": int(table.informative.sum()),
        "gamma": float(trained.stack.stage().gamma.value),
    }


def generated(trained, images, stage=None):
    """As many images as `images` (n, H, W, C) has, float32: samples of a stage, or without one reconstructions."""

    def make(rows):
        if stage is None:
            return trained.stack.reconstruct(images[rows])
        return trained.stack.sample(rows.stop - rows.start, 0, stage, first=rows.start)

    return temporary(len(images), images.shape[1:], "float32", make, trained.workdir)


def joined(sets, folder):
    """Images of several sets (n, H, W, C) uint8, one set behind the other, kept as those of `downsampled` are."""
    starts = np.cumsum([0, *map(len, sets)])

    def make(rows):
        parts = (slice(max(rows.start - start, 0), max(rows.stop - start, 0)) for start in starts)
        return np.concatenate([images[part] for images, part in zip(sets, parts)])

    return temporary(int(starts[-1]), sets[0].shape[1:], "uint8", make, folder)


def downsampled(images, folder):
    """`downsample` of images (n, H, W, C), uint8, kept in a nameless file of `folder` where they are many."""
    return temporary(len(images), images.shape[1:], "uint8", lambda rows: downsample(images[rows]), folder)


def mismatch(trained, count=2000):
    """Squared error of test images, and how far q(z) is from the prior: MMD (IMQ, times 1000), directions it fills."""
    evaluation = trained.evaluation(count)
    errors = reconstruction_error(evaluation.test, evaluation.reconstructions)
    table = latent_table(*evaluation.posterior)
    return {
        "squared error": float(np.mean(errors["squared_error"])),
        "1000 MMD": 1000.0 * mmd_to_prior(*evaluation.posterior),
        "active": int(table.active.sum()),
        "informative": int(table.informative.sum()),
        "directions": float(effective_rank(*evaluation.posterior)),
    }
