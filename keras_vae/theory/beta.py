"""Infinite gradients, section 2.3: the loss falls like (d - r) log gamma, with beta like (d - beta r) log gamma.

So for beta > d / r small gammas cost without bound and an optimal sparse representation is out of reach. All of it
needs kappa >= r (and data that are exactly on their subspace): with kappa < r the error that is left, over gamma, wins.
"""

import numpy as np
from scipy import optimize

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, below, equal
from keras_vae.theory.affine import affine_optimum, energy, optimal_parameters

# d, r, kappa, beta
CASES = (
    (5, 2, 2, 1.0),
    (5, 2, 4, 1.0),
    (8, 3, 5, 1.0),
    (20, 3, 8, 1.0),
    (8, 3, 5, 2.0),
    (8, 3, 5, 4.0),
    (6, 5, 6, 0.5),
)


def beta_energy(covariance, gamma, latent_dim, beta=1.0):
    """The least value of eq. (3) with its KL term times beta, at this gamma: (paper's scale, kappa included).

    error / gamma + d log gamma + beta regulariser is beta times the energy at gamma beta, but for the logarithm of
    gamma: "beta can just be directly absorbed into gamma".
    """
    d = len(covariance)
    plain = 2 * affine_optimum(covariance, beta * gamma, latent_dim).loss - d * np.log(2 * np.pi) + latent_dim
    return beta * (plain - d * np.log(beta * gamma)) + d * np.log(gamma)


def slope(covariance, latent_dim, beta=1.0, gammas=(1e-7, 1e-5)):
    """d energy / d log gamma between two gammas."""
    low, high = (beta_energy(covariance, gamma, latent_dim, beta) for gamma in gammas)
    return (high - low) / np.log(gammas[1] / gammas[0])


def best_gamma(covariance, latent_dim, beta, smallest=1e-6):
    """The gamma in [smallest, 100] with the least energy, on a grid and then refined."""
    grid = np.linspace(np.log(smallest), np.log(100), 400)
    start = grid[np.argmin([beta_energy(covariance, np.exp(log), latent_dim, beta) for log in grid])]
    step = grid[1] - grid[0]
    bounds = (max(start - step, grid[0]), start + step)
    found = optimize.minimize_scalar(
        lambda log: beta_energy(covariance, np.exp(log), latent_dim, beta), bounds=bounds, method="bounded"
    )
    return np.exp(found.x)


def check():
    """Slopes on `subspace` data, and what happens on either side of beta = d / r."""
    claims = []
    for d, rank, latent_dim, beta in CASES:
        covariance = np.cov(subspace.load("train", dimension=d, rank=rank, count=2_000).T, bias=True)
        statement = f"slope on subspace data, d, r, kappa, beta = {d}, {rank}, {latent_dim}, {beta:g}"
        claims.append(equal(statement, d - beta * rank, slope(covariance, latent_dim, beta), 1e-4))
    d, rank, latent_dim = 6, 3, 4
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank)
    # At beta and gamma the parameters are those of Theorem 1 at beta gamma.
    direct = energy(optimal_parameters(mean, covariance, 2 * 0.1, latent_dim), 0.1, mean, covariance, beta=2.0)
    low, high = (best_gamma(covariance, latent_dim, beta) for beta in (1.9, 2.1))
    equals = np.diag([1.0] * rank + [0.0] * (d - rank))
    return [
        *claims,
        equal(
            "beta absorbed into gamma: eq. (3) with beta at Theorem 1's parameters",
            direct,
            beta_energy(covariance, 0.1, latent_dim, 2.0),
        ),
        below("kappa = 2 < r: the energy rises instead, as gamma falls; slope", -1e4, slope(covariance, 2)),
        below("beta = 1.9 < d / r = 2: the best gamma is the smallest allowed, 1e-6", 1.1e-6, low),
        above("beta = 2.1 > d / r: it is not small", 1e-2, high),
        below(
            "and fewer than r = 3 dimensions are active",
            rank,
            np.sum(affine_optimum(covariance, 2.1 * high, latent_dim).s2 < 1),
        ),
        equal(
            "with r equal eigenvalues of 1 all collapse: gamma = r / d",
            rank / d,
            best_gamma(equals, latent_dim, 2.1),
            1e-3,
        ),
    ]


def figure(axes):
    """The energy against gamma for several beta, d / r = 2."""
    covariance, gammas = subspace.covariance(6, 3), np.logspace(-6, 1, 200)
    for beta in (0.5, 1.0, 1.9, 2.1, 3.0):
        energies = np.array([beta_energy(covariance, gamma, 4, beta) for gamma in gammas])
        axes.semilogx(gammas, energies - beta_energy(covariance, 1.0, 4, beta), label=f"beta = {beta:g}")
    axes.set(xlabel="gamma", ylabel="energy, less that at gamma = 1")
    axes.legend()
