"""Section 7 of variable collapse: its methodology as a program, on MNIST."""

import dataclasses

import keras_vae as kv
from experiments.common.findings import Claim, Findings, chart, panel

TITLE = "How many variables, and how much KL"
SOURCE = "Variable collapse, sections 6.1 and 7"
CLAIM = (
    "Growing the latent space shows sparsity at some dimension; a minimal lambda can be chosen at which the KL term "
    "still works, by the law that each variable's variance and mean sigma^2 add up to 1."
)
SCALED = "the paper's dense network; it proposes the method and prints no numbers of it."
MINUTES = {"quick": 2, "full": 8}
PAPER = {}
KAPPAS, LAMBDAS = (2, 4, 8, 16, 32), (1.0, 0.5, 0.25, 0.125, 0.0625)


def measure(lab):
    config = lab.preset("mnist_asperti_dense", f"vae.epochs={lab.pick(15, 60)}", "vae.schedule=cosine")
    trials = lab.workdir / "trials"  # never made: the stacks lie where all of them do
    found = kv.find_balance(config, trials, KAPPAS, LAMBDAS, train=lambda config, _: lab.train(config).stack)
    values = {}
    for trial in found.trials:
        cells = dataclasses.asdict(trial) | {"sparse": trial.is_sparse, "lawful": trial.law_holds}
        values[f"kappa = {trial.latent_dim}, lambda = {trial.beta:g}"] = cells
    values["found"] = {"kappa": found.latent_dim, "lambda": found.beta}
    trials = {trial.beta: trial for trial in found.trials if trial.latent_dim == found.latent_dim}
    lines = {
        name: (list(trials), [getattr(trial, name) for trial in trials.values()]) for name in ("active", "law", "error")
    }
    panels = [panel({name: line}, "lambda", name, log="x") for name, line in lines.items()]
    note = "`kv.find_balance(config, workdir)` does this for any configuration."
    return Findings(values, [chart("lambda", "At the kappa that was found.", *panels)], notes=[note])


def claims(values):
    found = values["found"]
    trials = [cells for row, cells in values.items() if row != "found" and cells["latent_dim"] == found["kappa"]]
    laws, counts = ([cells[name] for cells in trials] for name in ("law", "active"))
    fails, more = not all(cells["lawful"] for cells in trials[1:]), len(counts) > 1 and counts[-1] > counts[0]
    return [
        Claim("sparsity appears as kappa grows", found["kappa"] is not None, found["kappa"]),
        Claim("the law holds there with the whole KL term (within 0.1 of 1)", found["lambda"] is not None, laws[:1]),
        Claim("and fails for a lambda that is too small", fails, laws),
        Claim("with the smallest lambda fewer variables are inactive than with the whole KL term", more, counts),
    ]
