"""Theorem 1, the landscape: at any fixed gamma all local minima of the affine VAE's energy are global.

Sampling cannot prove that. What is computed: every minimum reached from random starts, of eq. (5) of the supplement and
of the whole eq. (3), has the value of the closed form; saddle_points.py follows the other stationary points.
"""

import itertools
import math

import numpy as np
import tensorflow as tf
from scipy import stats

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, below, equal
from keras_vae.theory._minimise import minimise
from keras_vae.theory.affine import AffineVAE, affine_optimum, energy, nats, reduced_energy

DIMENSION, RANK, LATENT_DIM, GAMMA = 4, 2, 3, 0.1


def minima_of_decoder(covariance, gamma, starts):
    """Minima of eq. (5) of the supplement from each W_x of `starts` (n, d, kappa): W_x (n, d, kappa), energies (n,)."""
    count, *shape = starts.shape
    points = starts.reshape(count, -1)
    points, values = minimise(lambda point: reduced_energy(tf.reshape(point, shape), gamma, covariance), points)
    return points.reshape(starts.shape), values


def random_starts(d, latent_dim, count=5, seed=0):
    """`count` random W_x, and the first with its columns in every other order: (count - 1 + kappa!, d, kappa).

    Eq. (5) does not notice the order, so which of the minima that differ in it are found is not left to chance.
    """
    points = np.random.default_rng(seed).standard_normal((count, d, latent_dim))
    orders = itertools.permutations(range(latent_dim))
    return np.concatenate([points[1:], [points[0][:, order] for order in orders]])


def minima_of_all_parameters(mean, covariance, gamma, latent_dim, starts=3, seed=0):
    """Energies (starts,) of minima of eq. (3) in all of W_x, b_x, W_z, b_z and log s^2, from random starts."""
    d, k = len(mean), latent_dim
    sizes = [d * k, d, k * d, k, k]

    def function(point):
        W_x, b_x, W_z, b_z, log_s2 = tf.split(point, sizes)
        vae = AffineVAE(tf.reshape(W_x, (d, k)), b_x, tf.reshape(W_z, (k, d)), b_z, tf.exp(log_s2))
        return energy(vae, gamma, mean, covariance)

    return minimise(function, np.random.default_rng(seed).standard_normal((starts, sum(sizes))))[1]


def axis_of_columns(W, covariance, smallest=1e-3):
    """Return the principal axis (0 is the longest) that each column of W lies along, -1 for a zero column.

    A tuple (latent_dim,). Two minima with different tuples are different minima, whatever the signs of their columns.
    """
    axes = np.linalg.eigh(covariance)[1][:, ::-1]
    along = np.argmax(np.abs(axes.T @ W), axis=0)
    return tuple(np.where(np.linalg.norm(W, axis=0) > smallest, along, -1).tolist())


def count_of_minima(rank, latent_dim):
    """kappa! / (kappa - r)!: the ways to give each of r axes a column of its own.

    It takes r different eigenvalues above gamma (with equal ones, minima join), and does not tell signs apart: with
    them there are 2^r as many.
    """
    return math.perm(latent_dim, rank)


def exchange(W, first, second, angle):
    """W with the columns `first` and `second` turned into each other: another minimum at a right angle."""
    turned = np.array(W)
    turned[:, first] = np.cos(angle) * W[:, first] - np.sin(angle) * W[:, second]
    turned[:, second] = np.sin(angle) * W[:, first] + np.cos(angle) * W[:, second]
    return turned


def barrier(eigenvalue, gamma):
    """Return how far the energy rises when a column with this eigenvalue is exchanged with a zero column (footnote 2),

    2 log(n / 2 + gamma) - log(n + gamma) - log gamma with n = eigenvalue - gamma: above zero, and without bound.
    """
    n = eigenvalue - gamma
    return 2 * np.log(n / 2 + gamma) - np.log(n + gamma) - np.log(gamma)


def negative_log_likelihood(W, mean, covariance, gamma):
    """-E log p(x) in nats under probabilistic PCA, p(x) = N(mean, W W^T + gamma I), for data with this mean,
    covariance.
    """
    model = W @ W.T + gamma * np.eye(len(mean))
    mismatch = np.trace(np.linalg.solve(model, covariance)) - len(mean)
    return stats.multivariate_normal(mean, model).entropy() + 0.5 * mismatch


def check():
    """The value, the number and the isolation of the minima; PPCA."""
    mean, covariance = subspace.embedding(DIMENSION, RANK)[1], subspace.covariance(DIMENSION, RANK)
    optimum = affine_optimum(covariance, GAMMA, LATENT_DIM)
    W, values = minima_of_decoder(covariance, GAMMA, random_starts(DIMENSION, LATENT_DIM))
    kinds = {axis_of_columns(one, covariance) for one in W}
    whole = minima_of_all_parameters(mean, covariance, GAMMA, LATENT_DIM) - LATENT_DIM
    top = np.linalg.eigvalsh(covariance)[-1]
    start, halfway, there = (
        reduced_energy(exchange(optimum.W, 0, 2, angle), GAMMA, covariance) for angle in (0, np.pi / 4, np.pi / 2)
    )
    return [
        below(
            f"relative spread of eq. (5) over {len(W)} minima from random starts",
            1e-6,
            np.ptp(values) / abs(values.min()),
        ),
        equal("its value at each is affine_optimum's", optimum.loss, nats(values.max(), DIMENSION), 1e-8),
        equal("so is that of eq. (3), minimised in all parameters", optimum.loss, nats(whole.max(), DIMENSION), 1e-6),
        equal("kappa! / (kappa - r)! minima are found", count_of_minima(RANK, LATENT_DIM), len(kinds)),
        equal("exchanging two columns ends in another minimum", start, there),
        equal("and climbs a barrier halfway", barrier(top, GAMMA), halfway - start),
        above("which grows as gamma falls", barrier(top, GAMMA), barrier(top, GAMMA / 10)),
        equal(
            "the bound is tight there: the loss is PPCA's negative log-likelihood",
            negative_log_likelihood(optimum.W, mean, covariance, GAMMA),
            optimum.loss,
        ),
    ]


def figure(axes):
    """The energy along the exchange of two columns, for several gammas."""
    covariance, angles = subspace.covariance(DIMENSION, RANK), np.linspace(0, np.pi, 101)
    for gamma in (1.0, 0.1, 0.01, 0.001):
        W = affine_optimum(covariance, gamma, LATENT_DIM).W
        path = [float(reduced_energy(exchange(W, 0, 2, angle), gamma, covariance)) for angle in angles]
        axes.plot(angles / np.pi, np.array(path) - path[0], label=f"gamma = {gamma:g}")
    axes.set(xlabel="angle / pi between two columns of W_x", ylabel="energy above the minimum")
    axes.legend()
