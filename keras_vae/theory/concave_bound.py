"""Theorem 1, the tools of its proof: supplement eqs. (6) to (14), with two corrections of sign and of a missing log.

Eq. (7) is printed with >=; a minimum over omega is *below* each of its members, so it is log(u + gamma) <= omega u -
h*(omega). Eq. (14) is printed without the log in its middle line; Hadamard's inequality gives sum_k log(1 + ||w_k||^2 /
gamma).
"""

import numpy as np
import tensorflow as tf
from scipy import stats

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, equal
from keras_vae.theory.affine import affine_optimum, reduced_energy


def conjugate(omega, gamma):
    """h*(omega) = min_u omega u - log(u + gamma) over u >= 0, the concave conjugate in eq. (6), for 0 < omega <= 1 /
    gamma.
    """
    return 1.0 - omega * gamma + np.log(omega)


def upper_bound(squared_norms, omega, gamma):
    """omega u - h*(omega), the right-hand side of eq. (7)."""
    return omega * squared_norms - conjugate(omega, gamma)


def rotation_cost(V, squared_lengths, omega):
    """tr[V Lambda^2 V^T Omega], the objective of eqs. (10) and (11) over orthogonal V."""
    return np.trace(V @ np.diag(squared_lengths) @ V.T @ np.diag(omega))


def determinant_energy(W_x, gamma, covariance):
    """Eq. (13): tr[Sigma (W W^T + gamma I)^-1] + log |W W^T + gamma I|, twice PPCA's negative log-likelihood."""
    model = W_x @ tf.transpose(W_x) + gamma * tf.eye(len(covariance), dtype=tf.float64)
    return tf.linalg.trace(tf.linalg.solve(model, covariance)) + tf.linalg.logdet(model)


def check():
    """The bound and its tangent point, problem (11), and Hadamard's inequality."""
    gamma, covariance, random = 0.2, subspace.covariance(5, 3), np.random.default_rng(0)
    u, omega = np.linspace(0, 4, 50)[:, None], np.linspace(0.05, 1 / gamma, 50)
    gaps = upper_bound(u, omega, gamma) - np.log(u + gamma)
    touching = np.abs(upper_bound(u, 1 / (u + gamma), gamma) - np.log(u + gamma))
    lengths, omegas = np.array([3.0, 2.0, 1.0]), np.array([0.2, 0.5, 0.9])
    rotations = [rotation_cost(V, lengths, omegas) for V in stats.ortho_group.rvs(3, size=500, random_state=0)]
    W, optimum = random.standard_normal((5, 3)), affine_optimum(covariance, gamma, 4).W
    slack, tight = (
        reduced_energy(w, gamma, covariance) - determinant_energy(w, gamma, covariance) for w in (W, optimum)
    )
    return [
        above("eq. (7) with <=: log(u + gamma) is below omega u - h*(omega), by at least", -1e-12, gaps.min()),
        equal("eqs. (6), (8): and equal to it at omega = 1 / (u + gamma); largest gap", 0, touching.max()),
        above("eq. (11): no rotation costs less than the best permutation", lengths @ omegas, min(rotations)),
        above("eq. (14), Hadamard: eq. (5) is above eq. (13), at a random W by", 0, slack),
        equal("eq. (12): and equal to it where columns are orthogonal; difference", 0, tight),
    ]
