"""Latent dimensions, one by one, and the verdict."""

import numpy as np

from keras_vae.diagnostics import latent_table, reconstruction_gain, verdict, verdict_inputs
from keras_vae.evaluation.evaluation import as_numbers

STAGE_IMAGES = 1000  # that the verdicts of other stages rest on, at most
GAIN_IMAGES = 256  # enough for a gain, and every dimension costs a pass of the decoder


def results(evaluation):
    """Asperti's table with the reconstruction gain, and the verdict with its evidence."""
    stack, test = evaluation.stack, evaluation.test
    table = latent_table(*evaluation.posterior)
    known = {"posterior": evaluation.posterior, "reconstructions": evaluation.reconstructions}
    numbers = verdict_inputs(stack, test, **known)  # refuses one image, of which nothing here can be told
    judged = verdict(**numbers)
    latents = {
        "active": [bool(value) for value in table.active],
        "variance_of_mean": as_numbers(table.variance_of_mean),
        "mean_of_variance": as_numbers(table.mean_of_variance),
        "kl": as_numbers(table.kl),
        "variance_law": as_numbers(table.law),
        "reconstruction_gain": _gain(evaluation, table),
    }
    note = f"of {stack.latent_dim}"
    if stack.stage().stochastic:
        note += f"; {table.informative.sum()} carry more signal than noise"
    active = {"name": "active dimensions", "value": int(table.active.sum()), "note": note}
    gamma = [] if stack.gamma is None else [{"name": "gamma", "value": stack.gamma, "note": "decoder variance"}]
    found = {"verdict": {**_said(judged), "numbers": numbers}, "headline": [active, *gamma], "latents": latents}
    return {**found, "verdicts": _of_stages(evaluation, judged)}


def _said(judged):
    return {"word": judged.word, "evidence": list(judged.evidence), "advice": list(judged.advice)}


def _of_stages(evaluation, judged):
    """Verdict of each stage, bottom first; `judged` is that of the inference code."""
    stack, found = evaluation.stack, []
    inference = stack.stage().name
    for name in stack.stages:
        if name != inference:
            said = _said(verdict(**verdict_inputs(stack, evaluation.test[:STAGE_IMAGES], name)))
        else:
            said = _said(judged)
        found.append({"stage": name, "has_prior": bool(stack.stage(name).has_prior), **said})
    return found


def _gain(evaluation, table):
    """Reconstruction gain of each dimension; None where it was not measured: of very many, the most variable are."""
    chosen = np.argsort(-table.variance_of_mean, kind="stable")[: evaluation.gain_dimensions]
    gain = np.full(len(table.dimension), np.nan)
    gain[chosen] = reconstruction_gain(
        evaluation.stack, evaluation.test[evaluation.shown(GAIN_IMAGES)], dimensions=chosen
    )
    return as_numbers(gain)
