"""Numbers that several experiments report of a trained stack."""

import numpy as np

from keras_vae.diagnostics import effective_rank, latent_table
from keras_vae.metrics import importance_weighted_nll, mmd_to_prior, reconstruction_error

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
