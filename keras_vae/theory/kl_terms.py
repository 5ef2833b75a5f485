"""The KL term: eq. (4) of regularisation balance, eqs. (18) to (21) of its supplement, eqs. (3) to (5) of variable
collapse.

Eq. (4) of variable collapse loses a sign on its way: the cross-entropy H(Q, P) is *minus* E log P. Its first and last
lines are right.
"""

import numpy as np
import tensorflow as tf
from scipy import integrate, stats

from keras_vae.theory._claims import equal
from keras_vae.theory._minimise import minimise


def divergence(mean, variance):
    """KL(N(mean, variance) || N(0, 1)) = 1/2 (mean^2 + variance - log variance - 1), eq. (3) of variable collapse."""
    return 0.5 * (mean**2 + variance - tf.math.log(variance) - 1)


def average_entropy(variances):
    """E_x H(q(z|x)) of Gaussian posteriors, in nats."""
    return np.mean(0.5 * np.log(2 * np.pi * np.e * variances))


def cross_entropy_to_prior(means, variances):
    """H(q(z), p(z)) = -E_q(z) log N(z; 0, 1): it depends on the aggregate posterior through its second moment alone."""
    return 0.5 * np.log(2 * np.pi) + 0.5 * np.mean(means**2 + variances)


def check():
    """The closed form, its one minimum, and the average in terms of entropies."""
    mean, variance = 0.7, 0.2
    q, p = stats.norm(mean, np.sqrt(variance)), stats.norm()
    integral, _ = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -10, 10, epsabs=1e-12)
    starts = np.random.default_rng(0).standard_normal((5, 2))
    points, _ = minimise(lambda point: divergence(point[0], tf.exp(point[1])), starts)
    random = np.random.default_rng(1)
    means, variances = random.standard_normal(50), random.uniform(0.1, 1, 50)
    average = np.mean(divergence(means, variances))
    return [
        equal("closed form = the integral", integral, divergence(mean, np.float64(variance))),
        equal("its only minimum, from 5 starts: mean = log variance = 0", 0, points, 1e-6),
        equal(
            "E_x KL = -average entropy + cross-entropy to the prior",
            average,
            cross_entropy_to_prior(means, variances) - average_entropy(variances),
        ),
    ]
