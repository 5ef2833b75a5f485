"""Posterior diagnostics: active units, the variance law, Asperti's table, the effective rank of q(z)."""

import dataclasses

import numpy as np

from keras_vae.checks import checked_moments, not_negative, posterior_moments
from keras_vae.maths.gaussians import kl_terms


def active_units(means: np.ndarray, threshold: float = 0.01) -> np.ndarray:
    """Boolean (latent_dim,): does the posterior mean vary over the data, var_x(mu_k(x)) > threshold?

    The definition is that of Burda et al. (2015). means: (n, latent_dim) posterior means of n examples.
    """
    centred = checked_moments(means)
    centred = centred - np.mean(centred, axis=0)
    variance = np.einsum("nk,nk->k", centred, centred) / len(centred)  # twice as fast as np.var
    return variance > not_negative("threshold", threshold)


def variance_law(means: np.ndarray, stddevs: np.ndarray) -> np.ndarray:
    """var_x(mu_k(x)) + mean_x(sigma_k(x)^2) of each dimension, (latent_dim,): about 1 where the KL term works.

    It is the variance of the aggregate posterior q(z), which should be the prior's (variable collapse, section 4).
    means, stddevs: (n, latent_dim).
    """
    means, stddevs = posterior_moments(means, stddevs)
    return np.var(means, axis=0) + np.mean(np.square(stddevs), axis=0)


@dataclasses.dataclass(frozen=True)
class LatentTable:
    """One row per latent dimension, each field an array (latent_dim,); printed, it is Table 1 of variable collapse."""

    dimension: np.ndarray  # its number
    variance_of_mean: np.ndarray  # var_x(mu_k(x))
    mean_of_variance: np.ndarray  # mean_x(sigma_k(x)^2)
    kl: np.ndarray  # nats, eq. (3); infinite where sigma is zero
    law: np.ndarray  # the sum of the first two, about 1 where the KL term works (section 4)
    active: np.ndarray  # bool

    @property
    def informative(self) -> np.ndarray:
        """Informative dimensions: active, with more signal than noise, bool. Burda's threshold also counts those on
        their way to being inactive."""
        return self.active & (self.variance_of_mean > self.mean_of_variance)

    def __str__(self) -> str:
        lines = [f"{'no.':>5} {'variance':>12} {'mean sigma^2':>12} {'law':>8} {'KL':>9}  active"]
        columns = (self.dimension, self.variance_of_mean, self.mean_of_variance, self.law, self.kl, self.active)
        for number, variance, noise, law, kl, active in zip(*columns):
            lines.append(f"{number:5d} {variance:12.4g} {noise:12.4g} {law:8.4f} {kl:9.4f}  {'*' if active else ''}")
        lines.append(f"{self.active.sum()} of {len(self.active)} active, KL {self.kl.sum():.4g} nats")
        return "\n".join(line.rstrip() for line in lines)


def latent_table(means: np.ndarray, stddevs: np.ndarray, by_kl: bool = False) -> LatentTable:
    """LatentTable of posteriors: means, stddevs (n, latent_dim). by_kl: most informative dimension first."""
    means, stddevs = posterior_moments(means, stddevs)
    kl = np.mean(kl_terms(means, stddevs), axis=0)
    variance, noise = np.var(means, axis=0), np.mean(np.square(stddevs), axis=0)
    order = np.argsort(-kl, kind="stable") if by_kl else np.arange(means.shape[1])
    fields = (np.arange(means.shape[1]), variance, noise, kl, variance + noise, active_units(means))
    return LatentTable(*(field[order] for field in fields))


def effective_rank(means: np.ndarray, stddevs: np.ndarray) -> float:
    """Number of directions that q(z) fills among the active dimensions, a float from 0 to their count.

    It is the participation ratio (sum of eigenvalues)^2 / (sum of squared eigenvalues) of the correlation matrix of
    q(z), whose covariance is Cov_x(mu(x)) + diag(mean_x(sigma(x)^2)). Independent dimensions count fully, whatever
    their scales; dimensions that repeat each other share one. It is far below the active count where q(z) is confined
    near a linear manifold of lower dimension (under-regularisation: infinite gradients, section 4; regularisation
    balance, section 2). Curved manifolds can hide from it: there the MMD to the prior tells.
    means, stddevs: (n, latent_dim).
    """
    means, stddevs = posterior_moments(means, stddevs)
    active = active_units(means)
    count, examples = int(active.sum()), len(means)
    if count < 2:
        return float(count)
    means, noise = means[:, active], np.mean(np.square(stddevs[:, active]), axis=0)
    centred = means - means.mean(axis=0)
    covariance = centred.T @ centred / examples
    signal = np.diag(covariance)
    scale = np.sqrt(signal + noise)
    squares = np.square(covariance / np.outer(scale, scale))
    # Means that are independent still correlate by chance, by 1/(n - 1) in the mean square.
    share = signal / (signal + noise)
    chance = np.outer(share, share) / (examples - 1)
    off_diagonal = np.sum((squares - chance)[~np.eye(count, dtype=bool)])
    return float(count**2 / (count + max(off_diagonal, 0.0)))
