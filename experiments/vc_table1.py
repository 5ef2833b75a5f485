"""Table 1 and Fig. 3 of variable collapse: a dense VAE with 16 latents on MNIST."""

import numpy as np

from experiments.common.findings import Claim, Findings, chart, panel, picture
from keras_vae.data.grids import grid
from keras_vae.diagnostics import latent_table

TITLE = "The inactive variables of a dense VAE"
SOURCE = "Variable collapse, section 3, Table 1 and Fig. 3"
CLAIM = (
    "Of 16 variables about 8 are inactive: their variance is near 0 and their mean sigma^2 near 1. The sum of the two "
    "is 1 for every variable, and zeroing the inactive ones changes nothing visible in generated digits."
)
SCALED = "the paper's network and batch size; it does not say how long it trained."
MINUTES = {"quick": 1, "full": 3}
PAPER = {
    "inactive": {"count": 8, "largest variance": 1.6e-4, "smallest mean sigma^2": 0.9604},
    "active": {"count": 8, "smallest variance": 0.9456, "largest mean sigma^2": 0.0572},
    "all": {"law, furthest from 1": 0.9605},
}
SHOWN = 12


def config(lab, *more):
    """The VAE; Fig. 7 goes on with it."""
    return lab.preset("mnist_asperti_dense", f"vae.epochs={lab.pick(20, 100)}", *more)


def measure(lab):
    trained = lab.train(config(lab))
    table = latent_table(*trained.stack.encode(lab.data("mnist", "train")))  # "computed over the full dataset"
    on, variance, noise, law = table.active, table.variance_of_mean, table.mean_of_variance, table.law
    codes = np.random.default_rng(0).standard_normal((1000, len(on))).astype(np.float32)
    digits, zeroed = trained.stack.decode(codes), trained.stack.decode(codes * on)
    change = np.sqrt(np.mean(np.square(digits - zeroed), axis=(1, 2, 3)))
    values = {
        "inactive": {"count": int(np.sum(~on)), **_ends("variance", variance[~on], "mean sigma^2", noise[~on])},
        "active": {"count": int(np.sum(on)), **_ends("mean sigma^2", noise[on], "variance", variance[on])},
        "all": {"law, furthest from 1": float(law[np.argmax(np.abs(law - 1.0))])},
        "zeroed": {"largest RMS change of a digit": float(change.max()), "mean RMS change": float(change.mean())},
    }
    order = np.argsort(-variance)
    lines = {"variance": variance, "mean sigma^2": noise, "their sum": law}
    drawn = panel({name: (range(len(on)), line[order]) for name, line in lines.items()}, "variable, sorted", "")
    rows = np.concatenate([digits[:SHOWN], zeroed[:SHOWN]])
    return Findings(
        values,
        charts=[chart("law", "Table 1: variance of the mean and mean of the variance of each variable.", drawn)],
        pictures=[picture("digits", "Fig. 3: generated digits; below, inactive variables zeroed.", grid(rows, SHOWN))],
    )


def _ends(low, small, high, large):
    """The worst cases of a group, if it has members."""
    return {f"largest {low}": float(small.max()), f"smallest {high}": float(large.min())} if len(small) else {}


def claims(values):
    inactive, law = values["inactive"], values["all"]["law, furthest from 1"]
    variance, noise = inactive.get("largest variance", 1.0), inactive.get("smallest mean sigma^2", 0.0)
    change = values["zeroed"]["largest RMS change of a digit"]
    return [
        Claim("about 8 of 16 variables are inactive (6 to 10)", 6 <= inactive["count"] <= 10, inactive["count"], 8),
        Claim("their variance is near 0 (below 0.01)", variance < 0.01, variance, 1.6e-4),
        Claim("their mean sigma^2 is near 1 (above 0.9)", noise > 0.9, noise, 0.9604),
        Claim("the law holds for every variable (within 0.1 of 1)", abs(law - 1.0) < 0.1, law, 0.9605),
        Claim("zeroing them changes none of 1,000 digits by more than 0.02 (RMS)", change < 0.02, change),
    ]
