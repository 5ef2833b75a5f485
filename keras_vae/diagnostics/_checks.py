"""What the functions on posteriors accept."""

import numpy as np


def posterior_moments(means, stddevs):
    """means, stddevs as float64 (n, latent_dim); ValueError where they are no posteriors of n examples."""
    means, stddevs = np.asarray(means, np.float64), np.asarray(stddevs, np.float64)
    if means.ndim != 2 or not means.size:
        raise ValueError(f"means has shape {means.shape}; expected (n, latent_dim), at least one of each")
    if stddevs.shape != means.shape:
        raise ValueError(f"stddevs has shape {stddevs.shape}; expected that of means, {means.shape}")
    for name, values in (("means", means), ("stddevs", stddevs)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} has values that are NaN or infinite; expected finite numbers")
    if stddevs.min() < 0.0:
        raise ValueError(f"stddevs has values down to {stddevs.min():.4g}; expected deviations, not below zero")
    return means, stddevs
