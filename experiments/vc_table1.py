"""Table 1 and Fig. 3 of variable collapse: a dense VAE with 16 latents on MNIST."""

from dataclasses import replace

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
SCALED = (
    "the paper's network and batch size; it does not say how long it trained. Its text says quadratic distance, gamma "
    "= 1/2; binary cross-entropy, usual for MNIST, is the other reading."
)
WHY = (
    "Neither likelihood comes to the paper's 0.0211. Cross-entropy is nearer, with 6 or 7 inactive variables instead "
    "of 8, the squared distance further, with 9 or 10; the paper does not say for how long it trained."
)
MINUTES = {"quick": 2, "full": 18}
READINGS = {"quadratic": (), "cross-entropy": ("vae.model=bernoulli_vae", "vae.gamma={}")}
SEEDS = {True: (0,), False: (0, 1, 2)}
CELLS = {
    "inactive": {"count": 8, "largest variance": 1.6e-4, "smallest mean sigma^2": 0.9604},
    "active": {"count": 8, "smallest variance": 0.9456, "largest mean sigma^2": 0.0572, "median sigma^2": 0.0211},
    "all": {"law, furthest from 1": 0.9605},
}
SHOWN = 12
GAP = 100  # between the variances of the two groups; the paper's is 5,900
NEAR = 1.5  # factor within which the sigma^2 of active variables is that of the paper


def row(reading, seed, part):
    """The name of a row."""
    return f"{reading}, seed {seed}: {part}"


PAPER = {
    row(reading, seed, part): cells for reading in READINGS for seed in SEEDS[False] for part, cells in CELLS.items()
}


def config(lab, *more):
    """The VAE; Fig. 7 goes on with it."""
    return lab.preset("mnist_asperti_dense", f"vae.epochs={lab.pick(20, 100)}", *more)


def measure(lab):
    values, charts, pictures = {}, [], []
    for reading, settings in READINGS.items():
        for seed in SEEDS[lab.quick]:
            trained = lab.train(config(lab, *settings, f"seed={seed}"))
            table = latent_table(*trained.stack.encode(lab.data("mnist", "train")))  # "computed over the full dataset"
            digits, zeroed = _zeroed(trained.stack, table.active)
            cells = {**_groups(table), "zeroed": _change(digits, zeroed)}
            values |= {row(reading, seed, part): numbers for part, numbers in cells.items()}
            if seed == 0:
                charts.append(
                    chart(f"law-{reading}", f"Table 1, {reading}: variances of each variable.", _drawn(table))
                )
                caption = f"Fig. 3, {reading}: generated digits; below, inactive variables zeroed."
                shown = grid(np.concatenate([digits[:SHOWN], zeroed[:SHOWN]]), SHOWN)
                pictures.append(picture(f"digits-{reading}", caption, shown))
    return Findings(values, charts=charts, pictures=pictures)


def _zeroed(stack, on):
    codes = np.random.default_rng(0).standard_normal((1000, len(on))).astype(np.float32)
    return stack.decode(codes), stack.decode(codes * on)


def _change(digits, zeroed):
    change = np.sqrt(np.mean(np.square(digits - zeroed), axis=(1, 2, 3)))
    return {"largest RMS change of a digit": float(change.max()), "mean RMS change": float(change.mean())}


def _groups(table):
    on, variance, noise, law = table.active, table.variance_of_mean, table.mean_of_variance, table.law
    groups = {
        "inactive": {"count": int(np.sum(~on)), **_ends("variance", variance[~on], "mean sigma^2", noise[~on])},
        "active": {"count": int(np.sum(on)), **_ends("mean sigma^2", noise[on], "variance", variance[on])},
        "all": {"law, furthest from 1": float(law[np.argmax(np.abs(law - 1.0))])},
    }
    if on.any():
        groups["active"]["median sigma^2"] = float(np.median(noise[on]))
    return groups


def _drawn(table):
    order = np.argsort(-table.variance_of_mean)
    lines = {"variance": table.variance_of_mean, "mean sigma^2": table.mean_of_variance, "their sum": table.law}
    return panel({name: (range(len(order)), line[order]) for name, line in lines.items()}, "variable, sorted", "")


def _ends(low, small, high, large):
    """The worst cases of a group, if it has members."""
    return {f"largest {low}": float(small.max()), f"smallest {high}": float(large.min())} if len(small) else {}


def claims(values):
    found = []
    for reading in READINGS:
        seeds = [seed for seed in SEEDS[False] if row(reading, seed, "all") in values]
        inactive, active, law, zeroed = (
            [values[row(reading, seed, part)] for seed in seeds] for part in ("inactive", "active", "all", "zeroed")
        )
        counts, laws = [cells["count"] for cells in inactive], [cells["law, furthest from 1"] for cells in law]
        gaps = [
            on.get("smallest variance", 0.0) / max(off.get("largest variance", np.inf), 1e-12)
            for on, off in zip(active, inactive)
        ]
        noise = [cells.get("smallest mean sigma^2", 0.0) for cells in inactive]
        medians = [cells.get("median sigma^2", 1.0) for cells in active]
        changes = [cells["largest RMS change of a digit"] for cells in zeroed]
        paper = CELLS["active"]["median sigma^2"]
        near = all(paper / NEAR <= median <= NEAR * paper for median in medians)
        small = max(changes) < 0.02
        statements = [
            Claim("about 8 of 16 variables are inactive (6 to 10)", all(6 <= n <= 10 for n in counts), counts, 8),
            Claim(f"variances are near 0 or near 1, {GAP}-fold apart", min(gaps) > GAP, gaps, 0.9456 / 1.6e-4),
            Claim("mean sigma^2 of the inactive is near 1 (above 0.9)", min(noise) > 0.9, noise, 0.9604),
            Claim("that of the active is the paper's (median, within 1.5)", near, medians, paper),
            Claim("the law holds for all (within 0.1 of 1)", all(abs(each - 1) < 0.1 for each in laws), laws, 0.9605),
            Claim("zeroing the inactive changes none of 1,000 digits by more than 0.02 (RMS)", small, changes),
        ]
        found += [replace(claim, statement=f"{reading}: {claim.statement}") for claim in statements]
    return found
