"""Eq. (6) of infinite gradients: the optimal decoder variance is the mean error per dimension, and its energy has no
floor.

    gamma* = 1/(dn) sum_i E_q ||x_i - mu_x(z)||^2

There the data term is the constant d and what is left is d log gamma*. For the affine VAE, eq. (6) and Theorem 1
together end at the noise variance of probabilistic PCA, the mean of the eigenvalues that are left out.
"""

import numpy as np
from scipy import optimize

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, equal
from keras_vae.theory.affine import energy, expected_error, optimal_parameters, random_vae


def optimal_gamma(error, d):
    """Eq. (6): error is the mean over examples of E_q ||x - mu_x(z)||^2."""
    return error / d


def energy_at_optimal_gamma(error, d):
    """error / gamma + d log gamma at gamma*: d + d log(error / d), which falls without bound with the error."""
    return d + d * np.log(error / d)


def alternate(mean, covariance, latent_dim, gamma=1.0, rounds=300):
    """gamma after `rounds` of eq. (6), each at the optimum of Theorem 1 for the gamma before."""
    for _ in range(rounds):
        vae = optimal_parameters(mean, covariance, gamma, latent_dim)
        gamma = float(optimal_gamma(expected_error(vae, mean, covariance), len(mean)))
    return gamma


def check():
    """The minimum over gamma, its value, and where it leads."""
    d, rank, latent_dim = 6, 3, 4
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank, noise=0.3)
    vae = random_vae(d, latent_dim)
    error = float(expected_error(vae, mean, covariance))
    best = optimize.minimize_scalar(lambda log: float(energy(vae, np.exp(log), mean, covariance)), tol=1e-12)
    at_best = energy(vae, optimal_gamma(error, d), mean, covariance)
    discarded = np.linalg.eigvalsh(covariance)[: d - latent_dim]
    steep = [energy_at_optimal_gamma(10.0**-power, d) for power in (2, 4, 6)]
    return [
        equal("gamma* minimises eq. (3), all else at random", optimal_gamma(error, d), np.exp(best.x), 1e-6),
        equal("and eq. (3) there is the minimum", best.fun, at_best),
        equal("d log gamma* falls by d log 100 when the error does a hundredfold", -d * np.log(100), np.diff(steep)),
        equal(
            "with Theorem 1: gamma* is PPCA's, the mean of the discarded eigenvalues",
            discarded.mean(),
            alternate(mean, covariance, latent_dim),
        ),
        above("error / d is not optimal for another error", 0, energy(vae, 2 * error / d, mean, covariance) - at_best),
    ]


def figure(axes):
    """Eq. (3) against gamma for falling errors, with eq. (6) marked."""
    d, gammas = 6, np.logspace(-4, 1, 200)
    for error in (1.0, 0.1, 0.01, 0.001):
        axes.semilogx(gammas, error / gammas + d * np.log(gammas), label=f"error = {error:g}")
        axes.plot(optimal_gamma(error, d), energy_at_optimal_gamma(error, d), "ko", markersize=4)
    axes.set(xlabel="gamma", ylabel="error / gamma + d log gamma", ylim=(-60, 60))
    axes.legend()
