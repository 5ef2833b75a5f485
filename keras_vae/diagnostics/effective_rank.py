"""How many directions the aggregate posterior fills."""

import numpy as np

from keras_vae.diagnostics._checks import posterior_moments
from keras_vae.diagnostics.active_units import active_units


def effective_rank(means, stddevs):
    """Number of directions that q(z) fills among the active dimensions, a float from 0 to their count.

    It is the participation ratio (sum of eigenvalues)^2 / (sum of squared eigenvalues) of the correlation matrix of
    q(z), whose covariance is Cov_x(mu(x)) + diag(mean_x(sigma(x)^2)). Independent dimensions count fully, whatever
    their scales; dimensions that repeat each other share one. It is far below the active count where q(z) is confined
    near a linear manifold of lower dimension (under-regularisation: infinite gradients, section 4; regularisation
    balance, section 2). Curved manifolds can hide from it: there the MMD to the prior tells.
    means, stddevs: (n, latent_dim).
    """
    means, stddevs = posterior_moments(means, stddevs)
    active = active_units(means)
    count, examples = int(active.sum()), len(means)
    if count < 2:
        return float(count)
    means, noise = means[:, active], np.mean(np.square(stddevs[:, active]), axis=0)
    centred = means - means.mean(axis=0)
    covariance = centred.T @ centred / examples
    signal = np.diag(covariance)
    scale = np.sqrt(signal + noise)
    squares = np.square(covariance / np.outer(scale, scale))
    # Means that are independent still correlate by chance, by 1/(n - 1) in the mean square.
    share = signal / (signal + noise)
    chance = np.outer(share, share) / (examples - 1)
    off_diagonal = np.sum((squares - chance)[~np.eye(count, dtype=bool)])
    return float(count**2 / (count + max(off_diagonal, 0.0)))
