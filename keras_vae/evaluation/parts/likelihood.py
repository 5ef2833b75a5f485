"""Likelihood: the evidence lower bound and the importance-weighted estimate."""

import numpy as np

from keras_vae.metrics import bits_per_dim, importance_weighted_nll, second_stage_nll

SAMPLES = 50  # Burda et al. (2015) have 1, 5 and 50


def results(evaluation):
    """ELBO and NLL of test images; nothing for a deterministic code, which has no likelihood."""
    stack = evaluation.stack
    codes = [_codes(evaluation)] if stack.codec.is_second(stack.stages[-1]) else []
    if not stack.stage().stochastic:
        return {"tables": codes} if codes else {}
    score = {name: float(np.mean(values)) for name, values in stack.score(evaluation.test).items()}
    nll = float(np.mean(importance_weighted_nll(stack, evaluation.test, SAMPLES, evaluation.seed)))
    rows = [
        ["negative ELBO", -score["elbo"]],
        ["of which reconstruction", score["reconstruction"]],
        ["of which KL", score["kl"]],
        [f"negative log-likelihood, {SAMPLES} draws", nll],
    ]
    is_density = stack.codec.pixel_stage().is_gaussian
    if evaluation.are_images and is_density:
        rows.append(["the same in bits per dimension", float(bits_per_dim(nll, stack.data_shape))])
    note = "Nats per test image, of the density of pixels in [0, 1]: negative is normal when gamma is small."
    if not is_density:
        note = "Nats per test image, of a Bernoulli decoder: grey pixels count as probabilities, which is no density."
    return {
        "headline": [{"name": "NLL", "value": nll, "note": f"nats per test image, {SAMPLES} draws"}],
        "tables": [{"title": "Likelihood", "columns": ["", "mean"], "rows": rows, "note": note}, *codes],
    }


def _codes(evaluation):
    """Table of the likelihood of codes under the second stage, which is there to sample them."""
    stack, name = evaluation.stack, evaluation.stack.stages[-1]
    nll = float(np.mean(second_stage_nll(stack, evaluation.test, SAMPLES, evaluation.seed)))
    how = "exact" if stack.stage(name).ex_post else f"bound by {SAMPLES} draws"
    note = "Nats per draw z ~ q(z|x), one of each test image; lower is better, and compares for the same stage below."
    return {
        "title": "Likelihood of codes",
        "columns": ["", "-log p(z)"],
        "rows": [[f"{name}, {how}", nll]],
        "note": note,
    }
