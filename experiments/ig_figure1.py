"""Fig. 1 of infinite gradients: outliers beside a curve in the plane."""

import numpy as np

from experiments.common.findings import Claim, Findings, chart, panel
from keras_vae.data.sets import curve
from keras_vae.diagnostics import active_units
from keras_vae.metrics import auroc

TITLE = "Outliers beside a curve"
SOURCE = "Infinite gradients, section 2.2, Fig. 1"
CLAIM = (
    "PCA with two dimensions reconstructs inliers on a curve in the plane, and outliers just as well. The VAE, which "
    "needs one informative dimension, tells them apart."
)
SCALED = "nothing: the figure is an illustration without numbers; here it is measured, on a spiral."
MINUTES = {"quick": 2, "full": 4}
PAPER = {"PCA, 2 dimensions": {"AUROC": 0.5}}
OUTLIERS, NEAREST = 1000, 0.15  # points of the plane no nearer to the curve than this


def measure(lab):
    trained = lab.train(lab.preset("curve_vae", f"vae.epochs={lab.pick(300, 1000)}"))
    stack, train, inliers = trained.stack, lab.data("curve", "train"), lab.data("curve", "test")
    outliers = _beside(train)
    values = {}
    for dimensions in (1, 2):
        errors = [_pca_errors(train, dimensions, points) for points in (inliers, outliers)]
        values[f"PCA, {dimensions} dimensions"] = _row(dimensions, *errors)
    errors = [np.sum(np.square(points - stack.reconstruct(points)), axis=1) for points in (inliers, outliers)]
    values["VAE"] = _row(int(active_units(stack.encode(inliers)[0]).sum()), *errors)
    line = stack.reconstruct(curve.embed(np.linspace(0, 1, 400)[:, None]).astype(np.float32))
    moved = {
        f"_{n}": np.stack([p, q], axis=1) for n, (p, q) in enumerate(zip(outliers, stack.reconstruct(outliers[:40])))
    }
    drawn = panel({"decoded": line.T, **moved}, "x_1", "x_2", title="40 outliers and where the VAE puts them")
    note = "The score is the squared error of the reconstruction; two-dimensional PCA has none, beyond rounding."
    return Findings(values, [chart("plane", "The curve as the VAE decodes it, and outliers.", drawn)], notes=[note])


def _row(dimensions, inlier_errors, outlier_errors):
    """Errors that are rounding alone are ties: an AUROC of one half."""
    inlier_errors, outlier_errors = (np.where(e < 1e-9, 0.0, e) for e in (inlier_errors, outlier_errors))
    return {
        "dimensions used": dimensions,
        "AUROC": auroc(inlier_errors, outlier_errors),
        "squared error of inliers": float(inlier_errors.mean()),
        "of outliers": float(outlier_errors.mean()),
    }


def _beside(points):
    """Random points of the square around the curve that are not on it."""
    random, found = np.random.default_rng(0), []
    while len(found) < OUTLIERS:
        candidate = random.uniform(points.min(axis=0), points.max(axis=0))
        if np.min(np.sum(np.square(points - candidate), axis=1)) > NEAREST**2:
            found.append(candidate)
    return np.array(found, np.float32)


def _pca_errors(train, dimensions, points):
    mean = train.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(train - mean, full_matrices=False)[2][:dimensions]
    centred = points - mean
    return np.sum(np.square(centred - centred @ axes.T @ axes), axis=1)


def claims(values):
    pca, vae = values["PCA, 2 dimensions"], values["VAE"]
    blind = abs(pca["AUROC"] - 0.5) < 0.05
    return [
        Claim("PCA with two dimensions cannot tell outliers (AUROC 0.5)", blind, pca["AUROC"], 0.5),
        Claim("the VAE uses one dimension", vae["dimensions used"] == 1, vae["dimensions used"], 1),
        Claim("and separates them (AUROC above 0.95)", vae["AUROC"] > 0.95, vae["AUROC"]),
    ]
