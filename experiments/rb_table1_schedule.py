"""Beside Table 1 of regularisation balance: the paper's own schedule at kappa = 200, in full."""

from experiments import rb_table1
from experiments.common.findings import Claim, Findings, chart, panel
from experiments.common.measures import balance

TITLE = "The paper's own schedule"
SOURCE = "Regularisation balance, section 6, Table 1; schedule: its supplement, section 2"
CLAIM = (
    "Trained as the paper trains, in batches of 20 under its own schedule, the active dimensions saturate around 20 as "
    "kappa grows; at kappa = 200 all of its 9.84 million steps end at an error of 2.74, an NLL of -718, 20 active."
)
SCALED = (
    "nothing in the row of 3,280 epochs: the paper's network, batch and learning rates, with a linear output, which it "
    "does not name. Rows of 82 epochs pass through the same rates in a 40th of the steps."
)
WHY = (
    "After the paper's own steps the network here has an error of 2.14, not 2.74, and an NLL of -825, not -718, with "
    "19 active dimensions where the paper has 20: it fits more with as many. Why is not known. The paper does not "
    "name the activation of its output; with a sigmoid errors are smaller still (rb_table1)."
)
MINUTES = {"quick": 1, "full": 240}
SHORT, WHOLE, KAPPA = 82, 3280, 200
QUICK = [(KAPPA, 10)]
FULL = [*((kappa, SHORT) for kappa in rb_table1.ROWS), (KAPPA, WHOLE)]


def name(kappa, epochs):
    """The row of a training."""
    return f"kappa = {kappa}, {epochs:,} epochs"


PAPER = {
    name(kappa, epochs): {"norm": norm, "NLL": nll, "active": active, "steps": rb_table1.STEPS}
    for kappa, epochs in QUICK + FULL
    for norm, nll, active in [rb_table1.ROWS[kappa]]
}


def measure(lab):
    values, curves = {}, {"active": {}, "gamma": {}}
    for kappa, epochs in lab.pick(QUICK, FULL):
        published = ("vae.batch_size=20", "vae.schedule=burda", f"vae.epochs={epochs}")
        trained, row = lab.train(rb_table1.linear(lab, kappa, *published)), name(kappa, epochs)
        values[row] = {**balance(trained), "steps": lab.used[trained.workdir.name]["steps"]}
        for quantity, lines in curves.items():
            numbers = trained.history("vae", quantity)
            lines[row] = ([(epoch + 1) / len(numbers) for epoch in range(len(numbers))], numbers)
    panels = [panel(lines, "share of the training", quantity, log="y") for quantity, lines in curves.items()]
    caption = "Active dimensions of 256 test images, and gamma, during training."
    notes = [
        "Dimensions that carry little come and go in groups, around the threshold of 0.01, and end as training goes "
        "on: with 3,280 epochs 19 are left before a 20th of them, with 82 two rows of five end while some are there."
    ]
    return Findings(values, charts=[chart("schedule", caption, *panels)], notes=notes)


def claims(values):
    norm, nll, active = rb_table1.ROWS[KAPPA]
    short = {kappa: values[row] for kappa in rb_table1.ROWS if (row := name(kappa, SHORT)) in values}
    whole = list(values.values())[-1]
    found = [
        Claim("the norm matches or beats the paper's", whole["norm"] <= norm, whole["norm"], norm),
        Claim("the NLL matches or beats the paper's", whole["NLL"] <= nll, whole["NLL"], nll),
        Claim("the norm is the paper's (within 10%)", abs(whole["norm"] / norm - 1) <= 0.1, whole["norm"], norm),
    ]
    statement = "the active dimensions are the paper's (within 30%)"
    found.append(Claim(statement, abs(whole["active"] / active - 1) <= 0.3, whole["active"], active))
    if short:
        counts, papers = [row["active"] for row in short.values()], [row[2] for row in rb_table1.ROWS.values()]
        statement = f"after {SHORT} epochs: active dimensions are near 20 at the two largest kappas, and do not grow"
        found.append(Claim(statement, rb_table1.saturated(counts), counts, papers))
    return found
