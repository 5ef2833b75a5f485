"""Theorem 1, the limit: as gamma -> 0 the affine VAE is balanced, with zero error from exactly r active dimensions.

It needs kappa >= r. The sentence after the theorem in the paper says that s^2 goes to zero where the columns of W_x are
zero; its supplement has it right: there s^2 = 1 and mu_z = 0, and it is along the *nonzero* columns that s^2 goes to
zero.
"""

import numpy as np

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, below, equal
from keras_vae.theory.affine import expected_error, optimal_parameters

GAMMAS = np.logspace(-1, -6, 6)


def active_columns(W):
    """Return the number of columns of W that are not zero."""
    return int(np.sum(np.linalg.norm(W, axis=0) > 0))


def predicted_error(eigenvalues, gamma, latent_dim):
    """E_x E_q ||x - W_x z - b_x||^2 at the optimum: gamma for each active dimension, and the variance that is left."""
    kept = np.sum(np.sort(eigenvalues)[::-1][:latent_dim] > gamma)
    return gamma * kept + np.sum(np.sort(eigenvalues)[::-1][kept:])


def check():
    """Eqs. (15) and (16) of the supplement along a falling gamma."""
    d, rank, latent_dim = 8, 3, 6
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank)
    path = [optimal_parameters(mean, covariance, gamma, latent_dim) for gamma in GAMMAS]
    errors = [float(expected_error(vae, mean, covariance)) for vae in path]
    active = np.linalg.norm(path[-1].W_x, axis=0) > 0
    low = [expected_error(optimal_parameters(mean, covariance, gamma, 2), mean, covariance) for gamma in (1e-3, 1e-6)]
    lost = np.sort(np.linalg.eigvalsh(covariance))[-3]
    predicted = [predicted_error(np.linalg.eigvalsh(covariance), gamma, latent_dim) for gamma in GAMMAS]
    coarse = optimal_parameters(mean, covariance, 2.0, latent_dim)
    return [
        equal(
            "eq. (15): r = 3 of kappa = 6 columns of W_x are nonzero, at each gamma",
            rank,
            [active_columns(v.W_x) for v in path],
        ),
        equal("eq. (16): the error goes to zero as r gamma", predicted, errors),
        below("along nonzero columns s^2 goes to zero", 2e-6, path[-1].s2[active]),
        equal("along zero columns s^2 is one", 1, path[-1].s2[~active]),
        equal(
            "and mu_z is zero whatever x is",
            0,
            np.abs(path[-1].W_z[~active]).max() + np.abs(path[-1].b_z[~active]).max(),
        ),
        below("over-regularised: at gamma = 2 an eigenvalue of 1 is pruned", rank, active_columns(coarse.W_x)),
        above("with kappa = 2 < r the error stays above the third eigenvalue", lost - 1e-9, low),
    ]


def figure(axes):
    """Squared lengths of the columns and the error, as gamma falls."""
    d, rank, latent_dim = 8, 3, 6
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank)
    gammas = np.logspace(1, -3, 100)
    path = [optimal_parameters(mean, covariance, gamma, latent_dim) for gamma in gammas]
    lines = axes.semilogx(gammas, [np.sum(vae.W_x**2, axis=0) for vae in path], color="C0")
    lines[0].set_label("squared lengths of the columns of W_x")
    axes.semilogx(gammas, [expected_error(vae, mean, covariance) for vae in path], "C1--", label="reconstruction error")
    axes.set(xlabel="gamma", ylim=(-0.2, None))
    axes.invert_xaxis()
    axes.legend()
