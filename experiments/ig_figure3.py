"""Fig. 3 of infinite gradients: slices of the loss for four values of gamma."""

import numpy as np

from experiments.common.findings import Claim, Findings, chart, panel
from keras_vae.data.sets import subspace
from keras_vae.diagnostics import loss_slices
from keras_vae.models import GaussianVAE
from keras_vae.networks import affine
from keras_vae.theory.affine import optimal_parameters
from keras_vae.theory.smoothing import GAMMAS, steepest, valleys

TITLE = "Slices of the loss"
SOURCE = "Infinite gradients, section 4, Fig. 3"
CLAIM = (
    "As gamma becomes small the minimum of a slice through the loss moves to the optimal sparse representation, at "
    "zero; gradients grow, and disconnected local minima appear only then."
)
SCALED = "nothing: a VAE with one layer for encoder and decoder, on data of a random subspace, as in the figure."
MINUTES = {"quick": 1, "full": 1}
PAPER = {}
DIMENSION, RANK, KAPPA = 20, 3, 8
SPARSE = 1e-6  # the gamma whose optimum stands for that of gamma -> 0
POSITIONS = np.linspace(-0.3, 1.2, 151)
COUNT = 200  # points


def measure(lab):
    points = subspace.load("train", dimension=DIMENSION, rank=RANK, count=COUNT)
    vae, parameters = _optimum(points)
    slices = {"random direction": _random(vae), "towards another optimum": _swap(vae, parameters)}
    values, panels = {}, []
    for name, direction in slices.items():
        found = loss_slices(vae, points, direction, POSITIONS, GAMMAS, draws=32)
        lines = {f"gamma = {gamma:g}": (POSITIONS, curve - curve.min()) for gamma, curve in zip(GAMMAS, found)}
        panels.append(panel(lines, "position", "loss above its least, nats", title=name, minima=True, log="y"))
        for gamma, curve in zip(GAMMAS, found):
            values[f"{name}, gamma = {gamma:g}"] = {
                "minimum at": float(POSITIONS[curve.argmin()]),
                "local minima": valleys(curve),
                "steepest slope, nats": float(steepest(curve, POSITIONS)),
            }
    return Findings(values, [chart("slices", "Slices of the loss; dashed, where each is least.", *panels)])


def _optimum(points):
    """An affine GaussianVAE at the optimal sparse representation of the points, with its parameters."""
    found = optimal_parameters(points.mean(axis=0, dtype=np.float64), np.cov(points.T, bias=True), SPARSE, KAPPA)
    vae = GaussianVAE(affine.encoder((DIMENSION,), KAPPA), affine.decoder(KAPPA, (DIMENSION,)))
    mean, log_variance, first = _layers(vae)
    mean.set_weights([found.W_z.T, found.b_z])
    log_variance.set_weights([np.log(found.s2)[None]])
    first.set_weights([found.W_x.T, found.b_x])
    return vae, found


def _layers(vae):
    return vae.encoder.get_layer("mean"), vae.encoder.get_layer("log_variance"), vae.decoder.get_layer("first")


def _random(vae):
    """All weights along random directions, each about as long as the weights themselves; the variances stay."""
    mean, _, first = _layers(vae)
    random = np.random.default_rng(3)
    kernels = [(layer.kernel, random.standard_normal(layer.kernel.shape)) for layer in (mean, first)]
    return [(kernel, step * np.linalg.norm(kernel.numpy()) / np.linalg.norm(step)) for kernel, step in kernels]


def _swap(vae, parameters):
    """The way on which the weakest used dimension hands its work to an unused one; a copy a little too short, at "
    "one."""
    mean, log_variance, first = _layers(vae)
    used, unused = RANK - 1, RANK
    steps = []
    for variable, values, axis in (
        (mean.kernel, parameters.W_z.T, 1),
        (mean.bias, parameters.b_z, 0),
        (log_variance.kernel, np.log(parameters.s2)[None], 1),
        (first.kernel, parameters.W_x.T, 0),
    ):
        step = np.zeros(variable.shape)
        moved = np.take(values, used, axis)
        index = [slice(None)] * step.ndim
        for place, sign in ((used, -1.0), (unused, 0.9)):
            index[axis] = place
            step[tuple(index)] = sign * moved
        steps.append((variable, step))
    return steps


def claims(values):
    found = []
    for name in ("random direction", "towards another optimum"):
        rows = [values[f"{name}, gamma = {gamma:g}"] for gamma in GAMMAS]
        places = [abs(row["minimum at"]) for row in rows]
        there = places[-1] < 0.02
        slopes = [row["steepest slope, nats"] for row in rows]
        steeper = slopes == sorted(slopes)
        found.append(Claim(f"{name}: at the smallest gamma the minimum is at the sparse optimum", there, places[-1], 0))
        found.append(Claim(f"{name}: the gradients grow", steeper, slopes))
    away = abs(values["towards another optimum, gamma = 1"]["minimum at"])
    found.append(Claim("towards another optimum, at gamma = 1 it is elsewhere", away > 0.1, away))
    counts = [values[f"towards another optimum, gamma = {gamma:g}"]["local minima"] for gamma in GAMMAS]
    only = counts[0] == 1 and counts[-1] > 1
    return [*found, Claim("disconnected minima appear only when gamma is small", only, counts)]
