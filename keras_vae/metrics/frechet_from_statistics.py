"""The Frechet distance between two Gaussians."""

import warnings

import numpy as np


def frechet_from_statistics(a, b):
    """||m_a - m_b||^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) between two GaussianStatistics (Heusel et al. 2017, eq. (6)).

    C_a C_b has the eigenvalues of the symmetric C_a^(1/2) C_b C_a^(1/2), which are real and not negative: no complex
    root, and nothing to add to a singular covariance.
    """
    if np.shape(a.mean) != np.shape(b.mean):
        raise ValueError(f"features have {np.size(a.mean)} and {np.size(b.mean)} dimensions; expected the same of both")
    for part in (a, b):
        if part.count <= np.size(part.mean):
            warnings.warn(
                f"{part.count} examples for {np.size(part.mean)} feature dimensions: their covariance is singular and "
                "the Frechet distance too large; compare it only with others of the same number of examples",
                stacklevel=2,
            )
    root = _square_root(a.covariance)
    shared = np.sum(np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b.covariance @ root), 0.0)))
    return float(np.sum(np.square(a.mean - b.mean)) + np.trace(a.covariance) + np.trace(b.covariance) - 2.0 * shared)


def _square_root(covariance):
    eigenvalues, axes = np.linalg.eigh(covariance)
    return (axes * np.sqrt(np.maximum(eigenvalues, 0.0))) @ axes.T
