"""The ablation beside Table 1 of regularisation balance: no skip connections."""

import numpy as np

from experiments import rb_table1
from experiments.common.findings import Claim, Findings, picture
from experiments.common.measures import balance
from keras_vae.data.grids import pairs
from keras_vae.data.subset import subset
from keras_vae.maths.arrays import unit

TITLE = "Without skip connections"
SOURCE = "Regularisation balance, section 6, below Table 1"
CLAIM = (
    "The same network without skip connections over-regularises completely: all dimensions are turned off and the "
    "reconstructions are useless."
)
SCALED = "kappa = 200; the paper's batch size for 1/650 of its steps (quick), and that of Table 1 here."
MINUTES = {"quick": 3, "full": 11}
KAPPA = 200
WITHOUT = "vae.network_options.skip=false"
PAPER = {
    "batch 20, with skips": {"active": 20, "norm": 2.74},
    "batch 20, without": {"active": 0},
}


def configs(lab):
    """{row: Config}."""
    small = ("vae.batch_size=20", f"vae.epochs={lab.pick(5, 30)}", "vae.schedule=constant")
    return {
        "batch 20, with skips": rb_table1.config(lab, KAPPA, *small),
        "batch 20, without": rb_table1.config(lab, KAPPA, *small, WITHOUT),
        "batch 128, with skips": rb_table1.config(lab, KAPPA),
        "batch 128, without": rb_table1.config(lab, KAPPA, WITHOUT),
    }


def measure(lab):
    values, pictures, test = {}, [], lab.data("mnist", "test")
    shown = subset(test, 16, seed=0)
    for name, config in configs(lab).items():
        trained = lab.train(config)
        values[name] = balance(trained)
        rows = pairs(shown, trained.stack.reconstruct(shown))
        pictures.append(
            picture(name.replace(" ", "-").replace(",", ""), f"Reconstructions, {name}", rows, private=True)
        )
    x = unit(test).reshape(len(test), -1)
    values["mean image"] = {"norm": float(np.mean(np.linalg.norm(x - x.mean(axis=0), axis=1)))}
    note = (
        "The paper trains with batches of 20. With 128 it hangs on the schedule: with the same seed, five dimensions "
        "are active after 30 epochs (quick) and none after 80."
    )
    return Findings(values, pictures=pictures, notes=[note])


def claims(values):
    useless, skips = 0.95 * values["mean image"]["norm"], values["batch 20, with skips"]["active"]
    found = [Claim("with skip connections dimensions are active", skips > 0, skips, 20)]
    for batch in ("batch 20", "batch 128"):
        active, norm = (values[f"{batch}, without"][name] for name in ("active", "norm"))
        found.append(Claim(f"{batch}: without them no dimension is active", active == 0, active, 0))
        found.append(Claim(f"{batch}: and the reconstruction is no better than the mean image", norm > useless, norm))
    return found
