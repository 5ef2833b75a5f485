"""Eq. (5) of regularisation balance: an affine skip mu_x = f(z) + W_x z + b_x leads out of the points of Theorem 2.

With a nonzero column of W_x the gradient with respect to the encoder does not vanish. Where that column is zero too,
the point is still stationary; with W^1 = 0 the decoder is affine and Theorem 1 says what kind: a saddle if gamma is
below the largest eigenvalue of the data's covariance, and otherwise the global minimum, for then collapse is optimal.
"""

import numpy as np

from keras_vae.data.sets import subspace
from keras_vae.theory import stationary_points
from keras_vae.theory._claims import above, below, equal
from keras_vae.theory.saddle_points import slope_and_curvature


def curvature_at_collapse(eigenvalue, gamma):
    """Of the reduced energy at W_x = 0 along a principal axis: 2 (gamma - lambda) / gamma^2, below zero if lambda >
    gamma.
    """
    return 2 * (gamma - eigenvalue) / gamma**2


def check():
    """The skip's gradient, its own stationary point, and that point's curvature."""
    x, noise = stationary_points.inputs()
    stage = stationary_points.build("residual_mlp", affine_skip=True)
    before = stationary_points.largest(stationary_points.gradients(stage, x, noise, stationary_points.CHOSEN))
    stationary_points.zero(stage, stationary_points.CHOSEN)
    with_skip = stationary_points.gradients(stage, x, noise, stationary_points.CHOSEN)
    stationary_points.assign_zero(stage.affine_skip.trainable_variables[0], stationary_points.CHOSEN)
    without = stationary_points.gradients(stage, x, noise, stationary_points.CHOSEN)
    covariance = subspace.covariance(5, 3)
    top, collapsed = np.linalg.eigvalsh(covariance)[-1], np.zeros((5, 4))
    escapes = [slope_and_curvature(collapsed, gamma, covariance)[1] for gamma in (0.1, 1.0, 3.9, 4.1)]
    return [
        above("with the skip the encoder's gradient does not vanish", 1e-3, np.abs(with_skip["w_mu_z"]).max() / before),
        below("but it does where the skip's column is zero too", 1e-7, stationary_points.largest(without) / before),
        equal(
            "curvature there, affine, gamma = 0.1, 1, 3.9, 4.1",
            [curvature_at_collapse(top, g) for g in (0.1, 1.0, 3.9, 4.1)],
            escapes,
        ),
        below("a way out while gamma < the largest eigenvalue, 4", 0, escapes[:3]),
        above("and none above", 0, escapes[3]),
    ]
