"""Lemmas 2 and 3 of infinite gradients: the VAE's loss reduces to the generic objective (7) with logarithms.

Lemma 2 (affine decoder, gamma -> 0, g = I_infinity, h = log) needs a decoder that may choose the scale of its columns:
with unit columns in its place, as Theta in (7) must fix it, the best scale A turns log(A / gamma + 1) + u / A into

    h_gamma(u) = log(u / gamma) + 1 + O(gamma / u) for u > 0, and h_gamma(0) = 0,

where u = ||z_k||^2 / n. So the loss is d L_{I_infinity, log} + (d - kappa) log gamma, plus 1 for each active dimension:
log 0 = -infinity of an unused dimension stands for log gamma. The 1 is not the same for all solutions, but beside log
gamma, of which each dimension costs one, it is nothing.

Lemma 3 (any decoder, sigma -> 0, g = h = log) has two constants: d, and -log sigma^2 of every dimension, which is
infinite in the limit. The "log transformation" of ||z_k||^2 is not a device: it is what a free scale of z_k and sigma_k
together gives.
"""

import numpy as np
import tensorflow as tf
from scipy import optimize

from keras_vae.data.sets import subspace
from keras_vae.maths import penalties
from keras_vae.theory._claims import above, below, equal
from keras_vae.theory._minimise import minimise
from keras_vae.theory.affine import reduced_energy
from keras_vae.theory.generic_objective import generic_objective


def best_scale(u, gamma):
    """A = (u + sqrt(u^2 + 4 u gamma)) / 2, the squared column length that minimises log(A / gamma + 1) + u / A."""
    return (u + np.sqrt(u**2 + 4 * u * gamma)) / 2


def scaled_penalty(u, gamma):
    """h_gamma(u), the least value of log(A / gamma + 1) + u / A, at a mean square u of the codes of a unit column."""
    if u == 0:
        return 0.0
    scale = best_scale(u, gamma)
    return np.log(scale / gamma + 1) + u / scale


def code_mean_squares(directions, covariance):
    """||z_k||^2 / n (kappa,) of the codes z = W^+ (x - b), which reconstruct perfectly with columns W (d, kappa)."""
    inverse = np.linalg.pinv(directions)
    return np.diag(inverse @ covariance @ inverse.T)


def energy_at_best_scales(directions, gamma, covariance):
    """The least value of supplement eq. (5) over the lengths of the columns of W, their directions given."""
    start = np.zeros((1, directions.shape[1]))
    _, values = minimise(lambda log: reduced_energy(directions * tf.exp(log), gamma, covariance), start)
    return values[0]


def free_scale(u, s2):
    """min over alpha of alpha^2 (u + s2) - log(alpha^2 s2) = 1 + log(u + s2) - log s2: the decoder undoes alpha."""
    return 1 + np.log(u + s2) - np.log(s2)


def vae_energy(x, z, sigma, decoder, noise, norm):
    """Eq. (3) of infinite gradients at its optimal gamma, with `norm` applied to each ||z_k||^2 / n.

    x: (n, d); z: (n, kappa), the posterior means; sigma: a number, the deviation of all; noise: (draws, n, kappa).
    """
    n, d = x.shape
    error = np.mean([np.sum(np.square(x - decoder(z + sigma * eps))) / n for eps in noise])
    codes = np.sum(norm(np.mean(np.square(z), axis=0)))
    return d + d * np.log(error / d) + z.shape[1] * (sigma**2 - np.log(sigma**2)) + codes


def lemma_3_constants(d, latent_dim, sigma):
    """Return what eq. (3) has beside d L_{log, log} when sigma is small: d - kappa log sigma^2."""
    return d - latent_dim * np.log(sigma**2)


def check():
    """Both lemmas, with what they leave out."""
    return [*_lemma_2(), *_lemma_3()]


def figure(axes):
    """h_gamma(u) + log gamma, the affine VAE's penalty on a dimension, going to log u + 1."""
    u = np.logspace(-6, 1, 200)
    for gamma in (1.0, 1e-1, 1e-2, 1e-4):
        axes.semilogx(u, [scaled_penalty(one, gamma) + np.log(gamma) for one in u], label=f"gamma = {gamma:g}")
    axes.semilogx(u, np.log(u) + 1, "k:", label="log u + 1")
    axes.set(xlabel="u, the mean square of a code", ylabel="h_gamma(u) + log gamma")
    axes.legend()


def _lemma_2():
    d, rank, latent_dim, gamma = 6, 3, 4, 1e-7
    covariance, random = subspace.covariance(d, rank), np.random.default_rng(0)
    matrix, found, predicted = subspace.embedding(d, rank)[0], [], []
    for _ in range(3):  # three bases of the data's subspace, with an unused column each
        columns = matrix @ random.standard_normal((rank, rank))
        directions = np.concatenate([columns / np.linalg.norm(columns, axis=0), np.zeros((d, 1))], axis=1)
        found.append(energy_at_best_scales(directions, gamma, covariance))
        generic = np.sum(np.log(code_mean_squares(directions, covariance)[:rank])) + np.log(gamma)
        predicted.append(generic + (d - latent_dim) * np.log(gamma) + rank)
    missing = energy_at_best_scales(directions[:, :2], gamma, covariance)
    brute = optimize.minimize_scalar(
        lambda log: np.log1p(np.exp(log) / 0.01) + 0.7 / np.exp(log), bounds=(-20, 20), method="bounded"
    )
    return [
        equal("the best scale of a column costs h_gamma(u)", brute.fun, scaled_penalty(0.7, 0.01), 1e-9),
        equal("Lemma 2: three bases, d L + (d - kappa) log gamma + r", predicted, found, 1e-5),
        above("g = I_infinity: an imperfect basis costs this much more, at gamma = 1e-7", 1e5, missing - max(found)),
        below(
            "h_gamma(u) - log(u / gamma) - 1 goes to zero with gamma",
            1e-6,
            scaled_penalty(0.7, 1e-7) - np.log(0.7 / 1e-7) - 1,
        ),
    ]


def _lemma_3():
    n, d, latent_dim, random = 20, 6, 3, np.random.default_rng(1)
    x, z = random.standard_normal((n, d)), random.standard_normal((n, latent_dim))
    first, last = random.standard_normal((latent_dim, 8)), random.standard_normal((8, d))
    half = random.standard_normal((4, n, latent_dim))
    noise = np.concatenate([half, -half])

    def decoder(z):
        return np.tanh(z @ first) @ last

    def log(u):
        return penalties.log(u, 0.0)

    generic = d * float(generic_objective(x, decoder(z), z, log, log))
    sigmas = np.array([1e-2, 1e-3])
    gaps = [vae_energy(x, z, s, decoder, noise, np.log) - generic - lemma_3_constants(d, latent_dim, s) for s in sigmas]
    alpha = optimize.minimize_scalar(lambda log: np.exp(log) * (0.7 + 0.1) - log - np.log(0.1))
    return [
        below("Lemma 3: eq. (3) - d L - (d - kappa log sigma^2), at sigma = 1e-3", 1e-4, abs(gaps[1])),
        equal("it goes to zero as sigma^2: exponent", 2.0, np.log10(gaps[0] / gaps[1]), 0.02),
        equal("a free scale of z and sigma gives the log transformation", alpha.fun, free_scale(0.7, 0.1)),
    ]
