"""Beside Table 1 of regularisation balance: the paper's own schedule at kappa = 200, in full."""

from experiments import rb_table1
from experiments.common.findings import Claim, Findings, chart, panel
from experiments.common.measures import balance

TITLE = "The paper's own schedule"
SOURCE = "Regularisation balance, section 6, Table 1; schedule: its supplement, section 2"
CLAIM = "At kappa = 200, 9.84 million steps of batch 20 end at an error of 2.74, an NLL of -718, 20 active dimensions."
SCALED = (
    "nothing where it is trained in full: the paper's network, batch and learning rates, with a linear output, which "
    "it does not name. Shorter rows pass through the same rates in fewer epochs each."
)
MINUTES = {"quick": 1, "full": 210}
KAPPA = 200
EPOCHS = 3280
NORM, NLL, ACTIVE = rb_table1.ROWS[KAPPA]
PAPER = {f"{EPOCHS} epochs": {"norm": NORM, "NLL": NLL, "active": ACTIVE, "steps": rb_table1.STEPS}}


def measure(lab):
    values, curves = {}, {"active": {}, "gamma": {}}
    for epochs in lab.pick((10,), (10, 82, EPOCHS)):
        published = ("vae.batch_size=20", "vae.schedule=burda", f"vae.epochs={epochs}")
        row, trained = f"{epochs} epochs", lab.train(rb_table1.linear(lab, KAPPA, *published))
        values[row] = {**balance(trained), "steps": lab.used[trained.workdir.name]["steps"]}
        for quantity, lines in curves.items():
            numbers = trained.history("vae", quantity)
            lines[row] = ([(epoch + 1) / len(numbers) for epoch in range(len(numbers))], numbers)
    panels = [panel(lines, "share of the training", quantity, log="y") for quantity, lines in curves.items()]
    caption = "Active dimensions of 256 test images, and gamma, during training."
    return Findings(values, charts=[chart("schedule", caption, *panels)])


def claims(values):
    longest = list(values.values())[-1]
    norm, nll, active = longest["norm"], longest["NLL"], longest["active"]
    return [
        Claim("the norm matches or beats the paper's", norm <= NORM, norm, NORM),
        Claim("the NLL matches or beats the paper's", nll <= NLL, nll, NLL),
        Claim("the norm is the paper's (within 10%)", abs(norm / NORM - 1) <= 0.1, norm, NORM),
        Claim("the active dimensions are the paper's (within 30%)", abs(active / ACTIVE - 1) <= 0.3, active, ACTIVE),
    ]
