"""The variance law of Asperti."""

import numpy as np

from keras_vae.diagnostics._checks import posterior_moments


def variance_law(means, stddevs):
    """var_x(mu_k(x)) + mean_x(sigma_k(x)^2) of each dimension, (latent_dim,): about 1 where the KL term works.

    It is the variance of the aggregate posterior q(z), which should be the prior's (variable collapse, section 4).
    means, stddevs: (n, latent_dim).
    """
    means, stddevs = posterior_moments(means, stddevs)
    return np.var(means, axis=0) + np.mean(np.square(stddevs), axis=0)
