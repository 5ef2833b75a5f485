"""Theorem 1, the other stationary points of eq. (5) of the supplement: each has a direction in which it curves down.

They are the sets of principal axes that are not the optimum's, and points where several columns share an axis. The
latter are where the proof is thin: columns of equal length give equal omega_k, so problem (11) is flat and its solution
need not be a permutation. The paper extends to this case by "a simple continuity argument"; the theorem stands because
these points are saddles.
"""

import itertools

import numpy as np
import tensorflow as tf
from scipy import optimize

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, below
from keras_vae.theory.affine import affine_optimum, reduced_energy


def slope_and_curvature(W, gamma, covariance):
    """The norm of the gradient of eq. (5) at W (d, kappa), and the smallest eigenvalue of its Hessian."""
    shape, point = W.shape, tf.Variable(np.ravel(W))
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            value = reduced_energy(tf.reshape(point, shape), gamma, covariance)
        gradient = inner.gradient(value, point)
    hessian = outer.jacobian(gradient, point, experimental_use_pfor=False)
    return np.linalg.norm(gradient), np.linalg.eigvalsh(hessian.numpy())[0]


def other_axes(covariance, gamma, latent_dim):
    """Each W with orthogonal columns that is stationary and not the optimum.

    Any set of principal axes with eigenvalues above gamma is stationary, at ||w_k||^2 = lambda_k - gamma.
    """
    eigenvalues, axes = np.linalg.eigh(covariance)
    eigenvalues, axes = eigenvalues[::-1], axes[:, ::-1]
    usable, points = int(np.sum(eigenvalues > gamma)), []
    best = tuple(range(min(usable, latent_dim)))
    for count in range(len(best) + 1):
        for used in itertools.combinations(range(usable), count):
            W = np.zeros((len(covariance), latent_dim))
            W[:, :count] = axes[:, used] * np.sqrt(eigenvalues[list(used)] - gamma)
            points += [W] if used != best else []
    return points


def shared_axis(variance, gamma, latent_dim):
    """W (1, latent_dim) for one-dimensional data, with columns of one length: stationary, and not a permutation.

    With n = ||W||^2, eq. (5) is there variance / (n + gamma) + kappa log(n / kappa + gamma), up to constants.
    """

    def slope(n):
        return latent_dim / (n + latent_dim * gamma) - variance / (n + gamma) ** 2

    return np.full((1, latent_dim), np.sqrt(optimize.brentq(slope, 1e-9, 10 * variance) / latent_dim))


def check():
    """Stationary, and not minima."""
    gamma, covariance, one = 0.1, subspace.covariance(4, 3), np.eye(1)
    axes = [slope_and_curvature(W, gamma, covariance) for W in other_axes(covariance, gamma, 2)]
    shared = [slope_and_curvature(shared_axis(1.0, gamma, k), gamma, one) for k in (2, 3, 4)]
    _, at_optimum = slope_and_curvature(affine_optimum(covariance, gamma, 2).W, gamma, covariance)
    return [
        above("curvature in every direction at the optimum, kappa = 2 < r = 3", 0, at_optimum),
        below(f"largest gradient at the {len(axes)} other sets of principal axes", 1e-9, max(a for a, _ in axes)),
        below("each curves down somewhere", 0, [b for _, b in axes]),
        below("largest gradient where 2, 3, 4 equal columns share an axis", 1e-9, max(a for a, _ in shared)),
        below("each curves down somewhere, though the proof's problem (11) is flat", 0, [b for _, b in shared]),
    ]
