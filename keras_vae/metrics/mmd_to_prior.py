"""How far the aggregate posterior is from the prior."""

import numpy as np

from keras_vae.metrics._arrays import checked_rows
from keras_vae.metrics.mmd import mmd


def mmd_to_prior(means, stddevs, seed=0, kernel="imq"):
    """The unbiased MMD^2 between q(z), one draw z ~ q(z|x) for each x, and as many draws from N(0, I).

    means, stddevs: (n, latent_dim) of q(z|x). About 0, of either sign, where the aggregate posterior is the prior.
    """
    means, stddevs = checked_rows(means, "means"), checked_rows(stddevs, "stddevs")
    if means.shape != stddevs.shape or np.any(stddevs < 0):
        raise ValueError(f"stddevs has shape {stddevs.shape}; expected {means.shape} as means, and no negative value")
    # a stream of its own: codes that were made with default_rng(seed) must not meet the same noise again
    posterior, prior = np.random.default_rng([seed, 1]).standard_normal((2, *means.shape))
    return mmd(means + stddevs * posterior, prior, kernel)
