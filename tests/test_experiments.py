"""Every experiment is well-formed, and its claims hold on numbers that agree with the paper and fail on others."""

import copy
import json
import math

import pytest

from experiments import ig_beta
from experiments.common import runner

# Numbers as the papers report or predict them, and for each experiment a change that some claim must notice.
BALANCE = {"active": 20, "informative": 20}
TABLE1 = [(50, 4.9, -320, 10), (100, 3.4, -590, 15), (200, 2.7, -720, 20), (400, 2.5, -750, 22), (784, 2.6, -810, 22)]
PAIRS = {
    f"{name}, {mode}": {"squared error": 60.0, "1000 MMD": mmd, "informative": count, "directions": 64.0 - count}
    for name in ("MNIST", "CelebA 64", "CelebA 128")
    for mode, mmd, count in (("learned", 20.0, 20), ("fixed", 70.0, 40))
}
PAIRS["CelebA 128, learned slowly"] = PAIRS["CelebA 128, learned"]
GRADIENTS = {
    f"{name}, {mode}": {"first epoch": first, "last epoch": 40.0}
    for name in ("MNIST", "CelebA 64")
    for mode, first in (("learned", 1.0), ("fixed", 90.0))
}
TABLE4 = {"Downsample": 0.05, "WAE-MMD": 0.6, "VAE": 0.85, "VAE+": 0.28, "AE + VAE": 0.8, "AE + WAE-MMD": 0.7}
SLICES = {
    f"{name}, gamma = {gamma:g}": {
        "minimum at": place if name.startswith("towards") else 0.0,
        "local minima": count,
        "steepest slope, nats": slope,
    }
    for name in ("random direction", "towards another optimum")
    for gamma, place, count, slope in ((1, 0.8, 1, 1), (0.1, 0.9, 1, 9), (0.01, 0.1, 2, 90), (0.001, 0.0, 2, 900))
}
BETAS = {
    f"beta = {share * ig_beta.LIMIT:g}": {
        "error / variance": 1e-5 if share < 1 else 0.5,
        "active": 3 if share < 1 else 0,
    }
    for share in (0.5, 0.95, 1.05, 2.0)
}
TRIAL = {"latent_dim": 4, "active": 3, "law": 1.0, "lawful": True}
VARIABLE = {"noise": 0.0, "gain": 3.0, "KL": 1.0, "sigma^2": 0.05}
GOOD = {
    "rb_table1": {
        f"{prefix}kappa = {kappa}": {
            "norm": norm,
            "NLL": nll,
            "active": active,
            "informative": active,
            "steps": 190_000,
        }
        for prefix in ("", "sigmoid, ")
        for kappa, norm, nll, active in TABLE1
    },
    "rb_table1_gamma": {
        "learned": {"norm": 2.0, "active": 81, "informative": 27, "gamma": 0.005},
        "held": {"norm": 2.8, "active": 22, "gamma": 0.00986},
        "learned, begun there": {"informative": 37},
    },
    "rb_table1_schedule": {
        "82 epochs": {"norm": 3.0, "NLL": -650, "active": 12},
        "3280 epochs": {"norm": 2.7, "NLL": -720, "active": 20},
    },
    "rb_table1_no_skip": {
        "batch 20, with skips": {"active": 20, "norm": 2.7},
        "batch 20, without": {"active": 0, "norm": 7.2},
        "batch 128, without": {"active": 0, "norm": 7.2},
        "mean image": {"norm": 7.2},
    },
    "rb_table2": PAIRS,
    "rb_figure1": GRADIENTS,
    "rb_table3": {
        "Downsample": {"reconstruction": 39.2, "generation": 39.2},
        "WAE-MMD": {"reconstruction": 59.8, "generation": 66.9},
        "VAE": {"reconstruction": 45.9, "generation": 64.8},
        "AE + VAE": {"reconstruction": 45.7, "generation": 64.0},
        "AE + WAE-MMD": {"reconstruction": 45.7, "generation": 60.0},
        "VAE+": {
            "reconstruction": 45.6,
            "generation": 47.5,
            "reconstruction, unpaired": 46.0,
            "generation, unpaired": 47.5,
        },
    },
    "rb_table4": {name: {f"K = {k}": value for k in (100, 200, 300)} for name, value in TABLE4.items()},
    "rb_figure2": {
        name: {"contrast": 4 if name == "VAE+" else 3}
        for name in ("VAE+", "VAE", "WAE-MMD", "AE + VAE", "AE + WAE-MMD")
    }
    | {"original": {"contrast": 5}},
    "ig_figure1": {"PCA, 2 dimensions": {"AUROC": 0.5}, "VAE": {"dimensions used": 1, "AUROC": 0.99}},
    "ig_outliers": {
        f"kappa = {kappa}": {"AUROC, reconstruction": auroc, "informative": count}
        for kappa, auroc, count in ((5, 0.9, 5), (20, 0.95, 15), (80, 0.97, 16), (320, 0.97, 16))
    },
    "ig_figure3": SLICES,
    "ig_beta": BETAS | {"threshold": {"beta": 4.0}},
    "vc_table1": {
        f"{reading}, seed {seed}: {part}": cells
        for reading in ("quadratic", "cross-entropy")
        for seed in (0, 1)
        for part, cells in {
            "inactive": {"count": 8, "largest variance": 1.6e-4, "smallest mean sigma^2": 0.96},
            "active": {"count": 8, "smallest variance": 0.95, "largest mean sigma^2": 0.06, "median sigma^2": 0.021},
            "all": {"law, furthest from 1": 0.96},
            "zeroed": {"largest RMS change of a digit": 0.01},
        }.items()
    },
    "vc_convolutional": {
        f"{network}, {reading}{seed}": {"inactive": inactive, "squared error": error}
        for network, inactive, error in (("dense", 8, 20.0), ("convolutional", 3, 15.0))
        for reading in ("gamma = 1/2", "cross-entropy")
        for seed in ("", ", seed 1")
    },
    "vc_trajectories": {
        "two variables, first look": {"mean sigma^2": 1.0, "distance of the centre": 0.1, "spread": 0.1},
        "two variables, after an epoch": {"mean sigma^2": 0.05, "distance of the centre": 0.3, "spread": 1.0},
        "sixteen variables": {"mean sigma^2 near 1": 8, "mean sigma^2 below 0.2": 8},
    },
    "vc_figure7": {
        "start": VARIABLE,
        "gain below KL": {"noise": 1.0, "gain": 0.9, "KL": 1.2, "sigma^2": 0.3},
        "before silence": {"noise": 1.0, "gain": 0.0, "KL": 0.01, "sigma^2": 0.99},
        "end": VARIABLE,
        "epochs": {"gain below KL": 10, "collapsed": 12},
    },
    "vc_methodology": {
        "kappa = 2, lambda = 1": TRIAL | {"latent_dim": 2, "active": 2},
        "kappa = 4, lambda = 1": TRIAL,
        "kappa = 4, lambda = 0.1": TRIAL | {"active": 4, "law": 3.0, "lawful": False},
        "found": {"kappa": 4, "lambda": 1.0},
    },
}
WORSE = {
    "rb_table1": ("kappa = 784", "active", 200),
    "rb_table1_gamma": ("held", "active", 60),
    "rb_table1_schedule": ("3280 epochs", "active", 31),
    "rb_table1_no_skip": ("batch 20, without", "active", 1),
    "rb_table2": ("MNIST, learned", "1000 MMD", 69.0),
    "rb_figure1": ("CelebA 64, fixed", "first epoch", 2.0),
    "rb_table3": ("VAE+", "generation", 64.9),
    "rb_table4": ("VAE+", "K = 200", 0.61),
    "rb_figure2": ("VAE", "contrast", 5),
    "ig_figure1": ("VAE", "AUROC", 0.6),
    "ig_outliers": ("kappa = 320", "AUROC, reconstruction", 0.9),
    "ig_figure3": ("towards another optimum, gamma = 0.001", "minimum at", 0.9),
    "ig_beta": ("threshold", "beta", 3.0),
    "vc_table1": ("cross-entropy, seed 1: zeroed", "largest RMS change of a digit", 0.5),
    "vc_convolutional": ("convolutional, cross-entropy, seed 1", "inactive", 9),
    "vc_trajectories": ("two variables, after an epoch", "mean sigma^2", 0.9),
    "vc_figure7": ("before silence", "sigma^2", 0.3),
    "vc_methodology": ("found", "kappa", None),
}


def test_all_of_them_are_here():
    assert sorted(GOOD) == sorted(WORSE) == runner.names()


@pytest.mark.parametrize("name", runner.names())
def test_an_experiment_says_what_it_repeats(name):
    module = runner.find(name)
    for text in (module.TITLE, module.SOURCE, module.CLAIM, module.SCALED):
        assert text and text == text.strip()
    papers = ("Regularisation balance", "Infinite gradients", "Variable collapse")
    assert module.SOURCE.startswith(papers)
    assert list(module.MINUTES) == ["quick", "full"] and 0 <= module.MINUTES["quick"] <= module.MINUTES["full"]
    for cells in module.PAPER.values():
        assert all(isinstance(value, int | float) and math.isfinite(value) for value in cells.values())


def test_all_in_quick_form_take_less_than_90_minutes():
    assert sum(runner.find(name).MINUTES["quick"] for name in runner.names()) < 90


@pytest.mark.parametrize("name", runner.names())
def test_claims_hold_on_numbers_of_the_paper_and_fail_on_others(name):
    module, values = runner.find(name), json.loads(json.dumps(GOOD[name]))
    assert [claim.statement for claim in module.claims(values) if not claim.holds] == []
    row, quantity, worse = WORSE[name]
    changed = copy.deepcopy(values)
    changed[row][quantity] = worse
    claims = module.claims(changed)
    assert not all(claim.holds for claim in claims)
    assert all(type(claim.holds) is bool for claim in claims)


def test_the_paper_s_own_numbers_satisfy_its_claims():
    """Claims whose numbers the paper prints all."""
    module = runner.find("rb_table4")
    assert all(claim.holds for claim in module.claims(module.PAPER))


def test_ratios_are_judged_of_every_seed_and_speed():
    module = runner.find("rb_table2")
    for row in ("MNIST, seed 1, learned", "CelebA 128, learned slowly"):
        values = GOOD["rb_table2"] | {
            "MNIST, seed 1, fixed": PAIRS["MNIST, fixed"],
            "MNIST, seed 1, learned": PAIRS["MNIST, learned"],
        }
        assert all(claim.holds for claim in module.claims(values))
        claims = module.claims(values | {row: values[row] | {"1000 MMD": 69.0}})
        assert [claim.holds for claim in claims].count(False) == 1


def test_the_threshold_of_beta():
    betas = [1.0, 2.0, 3.0]
    assert ig_beta.threshold(betas, [0.0, 0.0, 0.5]) == 2.5
    assert ig_beta.threshold(betas, [0.5, 0.5, 0.5]) == 1.0
    assert ig_beta.threshold(betas, [0.0, 0.0, 0.0]) == math.inf
