"""Which latent dimensions carry information."""

import numpy as np

from keras_vae.diagnostics._checks import posterior_moments


def active_units(means, threshold=0.01):
    """Boolean (latent_dim,): does the posterior mean vary over the data, var_x(mu_k(x)) > threshold?

    The definition is that of Burda et al. (2015). means: (n, latent_dim) posterior means of n examples.
    """
    means = np.asarray(means, np.float64)
    return np.var(posterior_moments(means, np.zeros_like(means))[0], axis=0) > threshold
