"""Probe: the active stage of a stack measured on held-out images, once; everybody else reads the result."""

import dataclasses
import functools

import numpy as np

from keras_vae.diagnostics import active_units, variance_law, verdict_inputs
from keras_vae.maths.arrays import unit
from keras_vae.maths.gaussians import kl_divergence, squared_error

LOGGED = ("explained", "effective_rank", "law_mean", "law_worst", "mmd")  # of the verdict's inputs


@dataclasses.dataclass(frozen=True)
class Probe:
    """Held-out images with their posteriors and reconstructions, and the numbers made of these."""

    images: np.ndarray  # (n, *data_shape)
    mean: np.ndarray  # (n, latent_dim), as stddev
    stddev: np.ndarray
    reconstructions: np.ndarray  # from the posterior means, (n, *data_shape)
    stochastic: bool  # codes are draws, so there is a KL term
    verdict_inputs: dict | None  # None for a stage without a prior, which has no balance to judge, and of one image

    @functools.cached_property
    def errors(self):
        """Squared error in pixels, KL and number of active dimensions, in the mean over images."""
        return {
            "val_squared_error": float(np.mean(squared_error(unit(self.images), self.reconstructions))),
            "val_kl": float(np.mean(kl_divergence(self.mean, self.stddev))) if self.stochastic else 0.0,
            "active": int(active_units(self.mean).sum()),
        }

    @property
    def logs(self):
        """Numbers that are logged each epoch."""
        judged = self.verdict_inputs or {}
        return {**{name: judged[name] for name in LOGGED if name in judged}, **self.errors}

    @property
    def attainable(self):
        """Share of the variance that the stage below explains; None where it was not measured."""
        return self.verdict_inputs and self.verdict_inputs["attainable"]

    @property
    def dimensions(self):
        """Moments and activity of each latent dimension, lists (latent_dim,)."""
        return {
            "active": active_units(self.mean).tolist(),
            "mean": np.mean(self.mean, axis=0).tolist(),
            "variance_of_mean": np.var(self.mean, axis=0).tolist(),
            "mean_of_variance": np.mean(np.square(self.stddev), axis=0).tolist(),
            "variance_law": variance_law(self.mean, self.stddev).tolist(),
        }


def probe(stack, images, attainable=None):
    """Return the Probe of the active stage of `stack`.

    attainable: that of an earlier Probe of the same images, for the stages below are frozen.
    """
    stage = stack.active_stage
    mean, stddev = stack.encode(images, stage=stage.name)
    reconstructions = stack.decode(mean, stage=stage.name)
    judged = None
    if stage.has_prior and len(images) > 1:
        judged = verdict_inputs(stack, images, stage.name, 0, attainable, (mean, stddev), reconstructions)
    return Probe(images, mean, stddev, reconstructions, stage.stochastic, judged)
