"""Minimisation from many starting points, in float64."""

import numpy as np
import tensorflow as tf
from scipy import optimize


def minimise(function, starts, bounds=None):
    """L-BFGS-B from each row of `starts` (n, p) -> points (n, p), values (n,).

    function: a float64 vector (p,) -> a scalar tensor; its gradient is taken automatically.
    bounds: scipy.optimize's, (lower, upper) for each of the p numbers.
    """

    @tf.function(autograph=False)
    def value_and_gradient(point):
        with tf.GradientTape() as tape:
            tape.watch(point)
            value = function(point)
        return value, tape.gradient(value, point)

    def in_numpy(point):
        return tuple(tensor.numpy() for tensor in value_and_gradient(tf.constant(point)))

    settings = {"method": "L-BFGS-B", "jac": True, "bounds": bounds}
    settings["options"] = {"maxfun": 500, "ftol": 1e-14, "gtol": 1e-8}
    found = [optimize.minimize(in_numpy, start, **settings) for start in np.asarray(starts, np.float64)]
    return np.stack([one.x for one in found]), np.array([one.fun for one in found])
