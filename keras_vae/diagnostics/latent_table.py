"""Asperti's table of the latent dimensions."""

import dataclasses

import numpy as np

from keras_vae.diagnostics._checks import posterior_moments
from keras_vae.diagnostics.active_units import active_units


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
    def informative(self):
        """Which active dimensions carry more signal than noise, bool: Burda's threshold also counts those on their way
        to being inactive."""
        return self.active & (self.variance_of_mean > self.mean_of_variance)

    def __str__(self):
        lines = [f"{'no.':>5} {'variance':>12} {'mean sigma^2':>12} {'law':>8} {'KL':>9}  active"]
        columns = (self.dimension, self.variance_of_mean, self.mean_of_variance, self.law, self.kl, self.active)
        for number, variance, noise, law, kl, active in zip(*columns):
            lines.append(f"{number:5d} {variance:12.4g} {noise:12.4g} {law:8.4f} {kl:9.4f}  {'*' if active else ''}")
        lines.append(f"{self.active.sum()} of {len(self.active)} active, KL {self.kl.sum():.4g} nats")
        return "\n".join(line.rstrip() for line in lines)


def latent_table(means, stddevs, by_kl=False):
    """LatentTable of posteriors: means, stddevs (n, latent_dim). by_kl: most informative dimension first."""
    means, stddevs = posterior_moments(means, stddevs)
    squares = np.square(stddevs)
    with np.errstate(divide="ignore"):  # KL of a point from N(0, 1) is infinite
        kl = np.mean(0.5 * (np.square(means) + squares - np.log(squares) - 1.0), axis=0)
    variance, noise = np.var(means, axis=0), np.mean(squares, axis=0)
    order = np.argsort(-kl, kind="stable") if by_kl else np.arange(means.shape[1])
    fields = (np.arange(means.shape[1]), variance, noise, kl, variance + noise, active_units(means))
    return LatentTable(*(field[order] for field in fields))
