"""Theorem 1 of regularisation balance: the affine VAE at its optimum."""

import typing

import numpy as np


class AffineOptimum(typing.NamedTuple):
    """A global, and therefore any local, minimum of the affine VAE's energy at fixed gamma."""

    loss: float  # nats per example, with all constants
    W: np.ndarray  # (d, latent_dim): W_x, one of its kappa! / (kappa - r)! equivalent forms
    s2: np.ndarray  # (latent_dim,): posterior variances


def affine_optimum(covariance, gamma, latent_dim):
    """The closed form of Theorem 1 for data with this covariance (d, d), at decoder variance gamma.

    Optimising s^2, W_z, b_z and b_x out of the energy leaves (supplement, eq. (5)), here halved and with its constants,

        1/2 tr[Sigma (W W^T + gamma I)^-1] + 1/2 sum_k log(||w_k||^2 + gamma) + (d - kappa)/2 log gamma + d/2 log 2 pi,

    which is least where the columns w_k are the principal axes of Sigma with eigenvalues above gamma,
    ||w_k||^2 = lambda_k - gamma, and all other columns are zero: probabilistic PCA.
    The posterior variances are s_k^2 = [||w_k||^2 / gamma + 1]^-1.
    """
    covariance = np.asarray(covariance, np.float64)
    dimension = len(covariance)
    eigenvalues, axes = np.linalg.eigh(covariance)
    eigenvalues, axes = eigenvalues[::-1], axes[:, ::-1]
    kept = min(latent_dim, int(np.sum(eigenvalues > gamma)))
    squared_norms = np.zeros(latent_dim)
    squared_norms[:kept] = eigenvalues[:kept] - gamma
    W = np.zeros((dimension, latent_dim))
    W[:, :kept] = axes[:, :kept] * np.sqrt(squared_norms[:kept])
    model = np.concatenate([eigenvalues[:kept], np.full(dimension - kept, gamma)])  # eigenvalues of W W^T + gamma I
    loss = 0.5 * np.sum(eigenvalues / model + np.log(model) + np.log(2 * np.pi))
    return AffineOptimum(float(loss), W, 1.0 / (squared_norms / gamma + 1.0))
