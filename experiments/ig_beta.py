"""Section 2.3 of infinite gradients: with gamma learned, beta must stay below d / r."""

import json
import math

from experiments.common.findings import Claim, Findings, chart, panel
from keras_vae.metrics import reconstruction_error

TITLE = "The largest beta"
SOURCE = "Infinite gradients, section 2.3"
CLAIM = (
    "With gamma learned, beta > d / r makes optimal sparse representations impossible, the reconstruction is "
    "sacrificed; beta < d / r does not."
)
SCALED = "nothing: the paper derives it and shows no experiment; here it is trained, on points of a known subspace."
WHY = (
    "Close to d / r the sparse solution is still the cheaper one, but by so little that log gamma falls slowly: in the "
    "same steps the error at 0.95 of d / r is 110 times that at 0.9, and at 0.98 another 380 times. At 0.95 a run half "
    "as long had not arrived either; a longer one at 0.98 was not made."
)
MINUTES = {"quick": 2, "full": 10}
DIMENSION, RANK, KAPPA = 12, 3, 6
LIMIT = DIMENSION / RANK
PAPER = {"threshold": {"beta": LIMIT}}
SHARES = {
    True: (0.25, 0.75, 0.95, 1.05, 1.25, 2.0),
    False: (0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1.02, 1.05, 1.1, 1.25, 2.0),
}
FLOOR = 1e-5
SMALL = 1e-3  # of the variance of the data: a reconstruction that is not sacrificed


def measure(lab):
    values, errors = {}, []
    data = {"dimension": DIMENSION, "rank": RANK}
    test = lab.data("subspace", "test", **data)
    betas = [share * LIMIT for share in SHARES[lab.quick]]
    for beta in betas:
        options = [f"data_options={json.dumps(data)}", f"vae.latent_dim={KAPPA}", f"vae.model_options.beta={beta:g}"]
        trained = lab.train(lab.preset("affine", *options, f'vae.gamma={{"mode": "learned", "floor": {FLOOR}}}'))
        error = reconstruction_error(test, trained.stack.reconstruct(test))["squared_error"].mean()
        errors.append(float(error / test.var(axis=0).sum()))
        gamma, active = float(trained.stack.stage().gamma.value), int(trained.stack.active_dims.sum())
        values[f"beta = {beta:g}"] = {"error / variance": errors[-1], "gamma": gamma, "active": active}
    values["threshold"] = {"beta": threshold(betas, errors)}
    drawn = panel({"measured": (betas, errors)}, "beta", "squared error / variance", log="y", marks=[LIMIT])
    note = (
        "The threshold is half way between the last beta that keeps the reconstruction and the first that sacrifices "
        f"it. gamma starts at 1 and has a floor of {FLOOR:g}. Just below d / r it falls slowly: a run that began at "
        "0.01 and was half as long had not yet arrived at beta = 0.95 d / r."
    )
    return Findings(values, [chart("beta", "Error against beta; dashed, d / r.", drawn)], notes=[note])


def threshold(betas, errors):
    """Half way from the last beta with a small error to the first without; infinite where all errors are small."""
    first = next((k for k, error in enumerate(errors) if error > SMALL), None)
    if first is None:
        return math.inf
    return betas[0] if first == 0 else (betas[first - 1] + betas[first]) / 2


def claims(values):
    found = []
    for row, cells in list(values.items())[:-1]:
        beta, error = float(row.removeprefix("beta = ")), cells["error / variance"]
        kept = error < SMALL and cells["active"] == RANK
        words = "keeps the sparse representation" if beta < LIMIT else "destroys it"
        found.append(Claim(f"{row} ({beta / LIMIT:g} d / r) {words}", kept == (beta < LIMIT), error))
    measured = values["threshold"]["beta"]
    return [*found, Claim("the threshold is d / r (within 10%)", abs(measured / LIMIT - 1) < 0.1, measured, LIMIT)]
