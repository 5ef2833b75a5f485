"""Theorem 1, the energy: the affine VAE with s^2, W_z, b_z and b_x optimised out, and its minimum in closed form.

Energies are on the papers' scale, eq. (3) of regularisation balance: twice nats, without the constants. The integral
over the data is exact, for an affine VAE sees the mean and the covariance of its data and nothing else.
"""

import typing

import numpy as np
import tensorflow as tf

from keras_vae.checks import floats, number, whole
from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, equal


class AffineOptimum(typing.NamedTuple):
    """A global, and therefore any local, minimum of the affine VAE's energy at fixed gamma."""

    loss: float  # nats per example, with all constants
    W: np.ndarray  # (d, latent_dim): W_x, one of its kappa! / (kappa - r)! equivalent forms
    s2: np.ndarray  # (latent_dim,): posterior variances


class AffineVAE(typing.NamedTuple):
    """The parameters of Theorem 1: mu_x = W_x z + b_x, mu_z = W_z x + b_z, sigma_z^2 = s2 for all x."""

    W_x: np.ndarray  # (d, kappa)
    b_x: np.ndarray  # (d,)
    W_z: np.ndarray  # (kappa, d)
    b_z: np.ndarray  # (kappa,)
    s2: np.ndarray  # (kappa,)


def affine_optimum(covariance: np.ndarray, gamma: float, latent_dim: int) -> AffineOptimum:
    """The closed form of Theorem 1 for data with this covariance (d, d), at decoder variance gamma.

    Eq. (5) of the supplement, halved and with its constants, is least where the columns w_k are the principal axes of
    Sigma with eigenvalues above gamma, ||w_k||^2 = lambda_k - gamma, and all other columns are zero: probabilistic PCA.
    The posterior variances are s_k^2 = [||w_k||^2 / gamma + 1]^-1. Where eigenvalues coincide, the axes may be turned
    among themselves, and where latent_dim is too small for the tie, any of the tied axes will do: the loss is the same.
    """
    covariance, dimension = floats(covariance, "covariance"), np.size(covariance, 0) if np.ndim(covariance) else 0
    if covariance.shape != (dimension, dimension) or not dimension or not np.isfinite(covariance).all():
        raise ValueError(f"covariance has shape {covariance.shape}; expected (d, d), of finite numbers")
    gamma, latent_dim = number("gamma", gamma, above=0), whole("latent_dim", latent_dim)
    eigenvalues, axes = np.linalg.eigh(covariance)
    rounding = 1e-6 * np.abs(covariance).max()
    if np.abs(covariance - covariance.T).max() > rounding or eigenvalues[0] < -rounding:
        raise ValueError("covariance is none: it is not symmetric, or some variance is below zero")
    eigenvalues, axes = eigenvalues[::-1], axes[:, ::-1]
    kept = min(latent_dim, int(np.sum(eigenvalues > gamma)))
    squared_norms = np.zeros(latent_dim)
    squared_norms[:kept] = eigenvalues[:kept] - gamma
    W = np.zeros((dimension, latent_dim))
    W[:, :kept] = axes[:, :kept] * np.sqrt(squared_norms[:kept])
    model = np.concatenate([eigenvalues[:kept], np.full(dimension - kept, gamma)])  # eigenvalues of W W^T + gamma I
    loss = 0.5 * np.sum(eigenvalues / model + np.log(model) + np.log(2 * np.pi))
    return AffineOptimum(float(loss), W, 1.0 / (squared_norms / gamma + 1.0))


def expected_error(vae, mean, covariance):
    """E_x E_q ||x - W_x z - b_x||^2, the first term of eq. (3) without its 1 / gamma."""
    residual = tf.eye(len(mean), dtype=tf.float64) - vae.W_x @ vae.W_z
    offset = residual @ mean[:, None] - vae.W_x @ vae.b_z[:, None] - vae.b_x[:, None]
    noise = tf.reduce_sum(vae.s2 * tf.reduce_sum(tf.square(vae.W_x), axis=0))
    return tf.linalg.trace(residual @ covariance @ tf.transpose(residual)) + tf.reduce_sum(tf.square(offset)) + noise


def regulariser(vae, mean, covariance):
    """sum_k (s_k^2 - log s_k^2) + E_x ||W_z x + b_z||^2: twice the KL divergence, plus kappa."""
    offset = vae.W_z @ mean[:, None] + vae.b_z[:, None]
    codes = tf.linalg.trace(vae.W_z @ covariance @ tf.transpose(vae.W_z)) + tf.reduce_sum(tf.square(offset))
    return tf.reduce_sum(vae.s2 - tf.math.log(vae.s2)) + codes


def energy(vae, gamma, mean, covariance, beta=1.0):
    """Eq. (3) of regularisation balance, eq. (1) of its supplement; with `beta` on the KL term, the beta-VAE's."""
    gaussian = expected_error(vae, mean, covariance) / gamma + len(mean) * _log(gamma)
    return gaussian + beta * regulariser(vae, mean, covariance)


def optimal_variances(W_x, gamma):
    """s_k^2 = [||w_k||^2 / gamma + 1]^-1 (kappa,): the one stationary point of supplement eq. (1) in s^2."""
    return 1.0 / (tf.reduce_sum(tf.square(W_x), axis=0) / gamma + 1.0)


def energy_without_variances(W_x, b_x, W_z, b_z, gamma, mean, covariance):
    """Supplement eq. (2): eq. (1) at the optimal s^2, less kappa."""
    vae = AffineVAE(W_x, b_x, W_z, b_z, optimal_variances(W_x, gamma))
    return energy(vae, gamma, mean, covariance) - W_x.shape[1]


def optimal_encoder(W_x, b_x, gamma):
    """Supplement eq. (3): W_z = W_x^T (gamma I + W_x W_x^T)^-1 and b_z = -W_z b_x, a ridge regression."""
    W_z = tf.transpose(W_x) @ tf.linalg.inv(_model_covariance(W_x, gamma))
    return W_z, -tf.linalg.matvec(W_z, b_x)


def energy_without_encoder(W_x, b_x, gamma, mean, covariance):
    """Supplement eq. (4): eq. (2) at the optimal encoder."""
    difference = (mean - b_x)[:, None]
    return reduced_energy(W_x, gamma, covariance + difference @ tf.transpose(difference))


def reduced_energy(W_x, gamma, covariance):
    """Supplement eq. (5): eq. (4) at b_x = E[x], where only W_x is left,

    tr[Sigma (W_x W_x^T + gamma I)^-1] + sum_k log(||w_k||^2 + gamma) + (d - kappa) log gamma.
    """
    dimension, latent_dim = W_x.shape
    fit = tf.linalg.trace(tf.linalg.solve(_model_covariance(W_x, gamma), covariance))
    columns = tf.reduce_sum(tf.math.log(tf.reduce_sum(tf.square(W_x), axis=0) + gamma))
    return fit + columns + (dimension - latent_dim) * _log(gamma)


def nats(reduced, dimension):
    """The loss in nats, with every constant, of an energy of eqs. (2) to (5)."""
    return 0.5 * (reduced + dimension * np.log(2 * np.pi))


def optimal_parameters(mean, covariance, gamma, latent_dim):
    """All parameters of eq. (3) at a minimum: `affine_optimum` with the encoder and the offsets that belong to it."""
    optimum = affine_optimum(covariance, gamma, latent_dim)
    W_z, b_z = optimal_encoder(optimum.W, mean, gamma)
    return AffineVAE(optimum.W, mean, W_z.numpy(), b_z.numpy(), optimum.s2)


def random_vae(dimension, latent_dim, seed=0):
    """An AffineVAE with random parameters."""
    random = np.random.default_rng(seed)
    d, k = dimension, latent_dim
    arrays = [random.standard_normal(shape) for shape in ((d, k), (d,), (k, d), (k,))]
    return AffineVAE(*arrays, random.uniform(0.1, 2.0, k))


def check():
    """Eqs. (1) to (5) of the supplement: each elimination is exact, and is a minimum."""
    (d, rank, latent_dim), gamma = (5, 3, 4), 0.3
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank)
    W_x, b_x, W_z, b_z, s2 = vae = random_vae(d, latent_dim)
    best_s2 = vae._replace(s2=optimal_variances(W_x, gamma))
    best_W_z, best_b_z = optimal_encoder(W_x, b_x, gamma)
    eq1 = energy(best_s2, gamma, mean, covariance)
    eq2 = energy_without_variances(W_x, b_x, W_z, b_z, gamma, mean, covariance)
    eq2_ridge = energy_without_variances(W_x, b_x, best_W_z, best_b_z, gamma, mean, covariance)
    eq4 = energy_without_encoder(W_x, b_x, gamma, mean, covariance)
    eq5 = reduced_energy(W_x, gamma, covariance)
    optimum = affine_optimum(covariance, gamma, latent_dim)
    at_optimum = energy(optimal_parameters(mean, covariance, gamma, latent_dim), gamma, mean, covariance)
    return [
        equal("eq. (1) at the optimal s^2 = eq. (2) + kappa, for any W_x, b_x, W_z, b_z", eq2 + latent_dim, eq1),
        above("any other s^2 costs more", 0, energy(vae, gamma, mean, covariance) - eq1),
        equal("eq. (2) at the ridge regression of eq. (3) = eq. (4)", eq4, eq2_ridge),
        above("any other encoder costs more", 0, eq2 - eq4),
        equal("eq. (4) at b_x = E[x] = eq. (5)", eq5, energy_without_encoder(W_x, mean, gamma, mean, covariance)),
        above("any other b_x costs more", 0, eq4 - eq5),
        equal(
            "affine_optimum's loss is eq. (5) at its W",
            optimum.loss,
            nats(reduced_energy(optimum.W, gamma, covariance), d),
        ),
        equal("and eq. (1) at all its parameters", 2 * optimum.loss - d * np.log(2 * np.pi) + latent_dim, at_optimum),
        above("a random W_x costs more", optimum.loss, nats(eq5, d)),
    ]


def _model_covariance(W_x, gamma):
    return W_x @ tf.transpose(W_x) + gamma * tf.eye(W_x.shape[0], dtype=tf.float64)


def _log(gamma):
    return tf.math.log(tf.convert_to_tensor(gamma, tf.float64))  # a bare Python number would become float32
