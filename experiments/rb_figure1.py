"""Fig. 1 of regularisation balance, Fig. 4b of infinite gradients: ||dL/dz|| during training."""

from experiments import rb_table2
from experiments.common.findings import Claim, Findings, chart, panel

TITLE = "The gradient during training"
SOURCE = "Regularisation balance, section 6, Fig. 1; infinite gradients, section 4, Fig. 4b"
CLAIM = (
    "When gamma is learned, ||dL/dz|| grows slowly; when it is fixed at gamma*, the gradient is huge from the start. "
    "Both end at similar values."
)
SCALED = rb_table2.SCALED
MINUTES = {"quick": 0, "full": 0}  # the stacks are those of rb_table2
PAPER = {}


def measure(lab):
    values, panels = {}, []
    for name, pair in rb_table2.pairs(lab).items():
        lines = {}
        for mode, trained in pair.items():
            norms = trained.history("vae", "gradient_norm")
            lines[f"gamma {mode}"] = (range(1, len(norms) + 1), norms)
            values[f"{name}, {mode}"] = {"first epoch": norms[0], "last epoch": norms[-1], "largest": max(norms)}
        panels.append(panel(lines, "epoch", "||dL/dz||", title=name, log="y"))
    note = "The mean over the steps of an epoch of ||dL/dz||, L being the loss of one example."
    return Findings(values, [chart("gradients", "||dL/dz|| during training.", *panels)], notes=[note])


def claims(values):
    found = []
    for name in rb_table2.measured(values):
        learned, fixed = values[f"{name}, learned"], values[f"{name}, fixed"]
        start, end = fixed["first epoch"] / learned["first epoch"], fixed["last epoch"] / learned["last epoch"]
        grows = learned["first epoch"] < learned["last epoch"]
        both = [learned["first epoch"], learned["last epoch"]]
        found.append(Claim(f"{name}: learned, the gradient grows over training", grows, both))
        found.append(Claim(f"{name}: fixed, it is at least five times as large at first", start > 5, start))
        found.append(Claim(f"{name}: both end alike (within a factor of two), fixed / learned", 0.5 < end < 2, end, 1))
    return found
