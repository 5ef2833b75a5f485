"""Eqs. (1) and (2) of all three papers: the loss is the negative log-likelihood plus how far q is from the posterior.

For an affine VAE everything in it is Gaussian, so both sides of

    E_q[-log p(x|z)] + KL(q(z|x) || p(z)) = -log p(x) + KL(q(z|x) || p(z|x))

are known in closed form, at any parameters. The right-hand side says why Theorem 1's bound is tight at the optimum:
there columns of W_x are orthogonal, the posterior's covariance is diagonal, and q equals it.
"""

import numpy as np
from tensorflow_probability import distributions as tfd

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, equal
from keras_vae.theory.affine import energy, nats, optimal_parameters, random_vae
from keras_vae.theory.local_minima import negative_log_likelihood


def loss(vae, gamma, mean, covariance):
    """The left-hand side in nats, from eq. (3) of regularisation balance."""
    return nats(energy(vae, gamma, mean, covariance) - len(vae.s2), len(mean))


def posterior(vae, gamma, x):
    """p(z|x) = N(M^-1 W_x^T (x - b_x), gamma M^-1) with M = W_x^T W_x + gamma I, for x (n, d): means (n, kappa),
    covariance.
    """
    inverse = np.linalg.inv(vae.W_x.T @ vae.W_x + gamma * np.eye(len(vae.s2)))
    return (x - vae.b_x) @ vae.W_x @ inverse, gamma * inverse


def divergence_from_posterior(vae, gamma, x):
    """The mean over x (n, d) of KL(q(z|x) || p(z|x)), by TensorFlow Probability."""
    means, covariance = posterior(vae, gamma, x)
    q = tfd.MultivariateNormalTriL(x @ vae.W_z.T + vae.b_z, np.diag(np.sqrt(vae.s2)))
    p = tfd.MultivariateNormalTriL(means, np.linalg.cholesky(covariance))
    return float(np.mean(tfd.kl_divergence(q, p)))


def check():
    """The identity at random parameters, and the bound that closes at the optimum."""
    gamma, x = 0.5, subspace.load("train", dimension=5, rank=3, count=100).astype(np.float64)
    mean, covariance = x.mean(axis=0), np.cov(x.T, bias=True)
    anywhere, best = random_vae(5, 4), optimal_parameters(mean, covariance, gamma, 4)
    gaps = {vae: divergence_from_posterior(one, gamma, x) for vae, one in (("random", anywhere), ("best", best))}
    # p(x) = N(b_x, W_x W_x^T + gamma I); its mean is not that of the data, so their distance joins the covariance.
    away = np.outer(mean - anywhere.b_x, mean - anywhere.b_x)
    likelihood = negative_log_likelihood(anywhere.W_x, mean, covariance + away, gamma)
    return [
        equal(
            "loss = -log p(x) + KL(q || posterior), at random parameters",
            likelihood + gaps["random"],
            loss(anywhere, gamma, mean, covariance),
        ),
        above("the second term is the slack of the bound", 0, gaps["random"]),
        equal("which is zero at the affine optimum", 0, gaps["best"]),
    ]
