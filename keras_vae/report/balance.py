"""The picture of a search for balance: where sparsity appears, and where the variance law fails."""

import io

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from keras_vae.files import write_atomically


def draw(found, tolerance, path):
    """Write the picture of a Balance (training/find_balance.py) as a PNG: kappa on the left, lambda on the right.

    tolerance: how far from 1 the variance law may be.
    """
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    first = found.trials[0].beta
    grown = [trial for trial in found.trials if trial.beta == first]
    lowered = [trial for trial in found.trials if trial.latent_dim == grown[-1].latent_dim]
    dims = [trial.latent_dim for trial in grown]
    left.plot(dims, dims, color="0.7", linestyle="--", label="all of them")
    left.plot(dims, [trial.active for trial in grown], marker="o", label="active dimensions")
    _axis(left, dims, "latent dimensions (kappa)")
    sparse = "no sparsity yet" if found.latent_dim is None else f"sparse from kappa = {found.latent_dim}"
    left.set_title(f"{sparse}, at lambda = {first:g}")
    betas = [trial.beta for trial in lowered]
    right.axhspan(1 - tolerance, 1 + tolerance, color="0.9", label="the law holds")
    right.plot(betas, [trial.law for trial in lowered], marker="o", label="variance law, furthest from 1")
    _axis(right, betas, "weight of the KL term (lambda)")
    law = "the law holds nowhere" if found.beta is None else f"the law holds down to lambda = {found.beta:g}"
    right.set_title(f"{law}, at kappa = {grown[-1].latent_dim}")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))


def _axis(axes, values, label):
    """The values themselves on a logarithmic axis: powers of ten would be too few."""
    axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
