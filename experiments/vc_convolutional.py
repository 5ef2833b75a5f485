"""Section 3.1 of variable collapse: a convolutional network leaves fewer variables inactive."""

from experiments import vc_table1
from experiments._findings import Claim, Findings, picture
from experiments._measures import mismatch
from keras_vae.data.grids import grid

TITLE = "A convolutional network uses more variables"
SOURCE = "Variable collapse, section 3.1, Figs. 4 and 5"
CLAIM = "With the convolutional network only 3 of 16 variables are inactive, and reconstructions are more precise."
SCALED = (
    "the paper's networks; it says neither how long they trained nor how the two terms of the loss were weighted: "
    "here gamma = 1/2, which is the squared distance plus the KL, and gamma learned."
)
MINUTES = {"quick": 9, "full": 50}
PAPER = {"dense, gamma = 1/2": {"inactive": 8}, "convolutional, gamma = 1/2": {"inactive": 3}}
GAMMAS = {"gamma = 1/2": (), "gamma learned": ('vae.gamma={"mode": "learned"}',)}


def measure(lab):
    convolutional = f"vae.epochs={lab.pick(12, 100)}"
    values, pictures = {}, []
    for gamma, settings in GAMMAS.items():
        configs = {
            f"dense, {gamma}": vc_table1.config(lab, *settings),
            f"convolutional, {gamma}": lab.preset("mnist_asperti_conv", convolutional, *settings),
        }
        for name, config in configs.items():
            trained = lab.train(config)
            found = mismatch(trained, count=10_000)
            inactive = trained.stack.latent_dim - found["active"]
            values[name] = {"inactive": inactive, "squared error": found["squared error"]}
            samples = grid(trained.stack.sample(24, seed=0), 12)
            file = name.replace(" = 1/2", " fixed").replace(", ", "-").replace(" ", "-")
            pictures.append(picture(file, f"Generated digits, {name}.", samples))
    return Findings(values, pictures=pictures)


def claims(values):
    found = []
    for gamma in GAMMAS:
        dense, convolutional = values[f"dense, {gamma}"], values[f"convolutional, {gamma}"]
        fewer, sharper = (convolutional[key] < dense[key] for key in ("inactive", "squared error"))
        both = [[cells[key] for cells in (dense, convolutional)] for key in ("inactive", "squared error")]
        near = 1 <= convolutional["inactive"] <= 5
        found += [
            Claim(f"{gamma}: fewer variables are inactive than in the dense network", fewer, both[0], [8, 3]),
            Claim(f"{gamma}: about 3 of 16 (1 to 5)", near, convolutional["inactive"], 3),
            Claim(f"{gamma}: its reconstructions are more precise", sharper, both[1]),
        ]
    return found
