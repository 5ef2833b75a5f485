"""Asperti, section 4: the variance of mu_k(x) and the mean of sigma_k^2(x) add up to one.

It is exact on the affine optimum, (1 - gamma / lambda) + gamma / lambda. More is true: let z_k be scaled by alpha and
the decoder's first layer by 1 / alpha. Only the KL term notices, and its derivative at alpha = 1 is E[mu_k^2] +
E[sigma_k^2] - 1. So the law holds at every point where that scale is optimal, good or bad, of any VAE whose decoder
begins with a linear layer, and for any gamma and beta; and E[mu_k] = 0, Asperti's assumption, holds where the layer has
a bias.
"""

import numpy as np

from keras_vae.data.sets import subspace
from keras_vae.theory._claims import above, equal
from keras_vae.theory.affine import optimal_encoder, optimal_parameters, optimal_variances
from keras_vae.theory.kl_terms import divergence


def aggregate_moments(vae, mean, covariance):
    """var_x mu_k(x), mean_x sigma_k^2(x) and E_x mu_k(x), each (kappa,), of an affine VAE."""
    return np.diag(vae.W_z @ covariance @ vae.W_z.T), vae.s2, vae.W_z @ mean + vae.b_z


def scale_derivative(mean_square, mean_variance):
    """d KL / d alpha at alpha = 1 of N(alpha mu, alpha^2 sigma^2), given E[mu^2] and E[sigma^2]: zero is the law."""
    return mean_square + mean_variance - 1


def law_of_decoder(W_x, gamma, covariance):
    """var_x mu_k + s_k^2 (kappa,) at the best encoder for a decoder W_x that need not be good."""
    W_z, _ = optimal_encoder(W_x, np.zeros(len(W_x)), gamma)
    return np.diag(W_z.numpy() @ covariance @ W_z.numpy().T) + optimal_variances(W_x, gamma).numpy()


def check():
    """On the affine optimum, and at the best scale of a direction that is not optimal."""
    d, rank, latent_dim, gamma = 6, 3, 5, 0.2
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank)
    variance, s2, centre = aggregate_moments(optimal_parameters(mean, covariance, gamma, latent_dim), mean, covariance)
    eigenvalues = np.linalg.eigvalsh(covariance)[::-1][:rank]
    numeric = [divergence(alpha * 0.6, np.float64(alpha**2 * 0.3)) for alpha in (1 - 1e-5, 1 + 1e-5)]
    direction = np.random.default_rng(0).standard_normal((d, 1))
    direction /= np.linalg.norm(direction)
    # A single column is best at ||w||^2 = (the variance along it) - gamma, as if that were an eigenvalue.
    along = float((direction.T @ covariance @ direction)[0, 0])
    scaled = direction * np.sqrt(along - gamma)
    return [
        equal("affine optimum: var(mu) + mean(sigma^2) in all kappa dimensions", 1, variance + s2),
        equal("its parts: sigma^2 = gamma / lambda along active ones", gamma / eigenvalues, s2[:rank]),
        equal("and E[mu] = 0", 0, centre),
        equal(
            "the derivative of the KL in a scale", scale_derivative(0.6**2, 0.3), (numeric[1] - numeric[0]) / 2e-5, 1e-8
        ),
        equal(
            "a direction that is not a principal axis, at its best scale", 1, law_of_decoder(scaled, gamma, covariance)
        ),
        above(
            "at twice that scale the law is broken by", 0.1, np.abs(law_of_decoder(2 * scaled, gamma, covariance) - 1)
        ),
    ]


def figure(axes):
    """The two parts of the law on the affine optimum, dimension by dimension."""
    d, rank, latent_dim, gamma = 6, 3, 5, 0.5
    mean, covariance = subspace.embedding(d, rank)[1], subspace.covariance(d, rank)
    variance, s2, _ = aggregate_moments(optimal_parameters(mean, covariance, gamma, latent_dim), mean, covariance)
    axes.bar(range(latent_dim), variance, label="var(mu)")
    axes.bar(range(latent_dim), s2, bottom=variance, label="mean(sigma^2)")
    axes.set(xlabel="latent dimension", ylabel="the law: 1")
    axes.legend()
