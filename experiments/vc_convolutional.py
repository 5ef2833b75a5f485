"""Section 3.1 of variable collapse: a convolutional network leaves fewer variables inactive."""

from experiments import vc_table1
from experiments._findings import Claim, Findings, picture
from experiments._measures import mismatch
from keras_vae.data.grids import grid

TITLE = "A convolutional network uses more variables"
SOURCE = "Variable collapse, section 3.1, Figs. 4 and 5"
CLAIM = "With the convolutional network only 3 of 16 variables are inactive, and reconstructions are more precise."
SCALED = "the paper's networks; it does not say how long they trained."
MINUTES = {"quick": 4, "full": 25}
PAPER = {"dense": {"inactive": 8}, "convolutional": {"inactive": 3}}


def measure(lab):
    convolutional = lab.preset("mnist_asperti_conv", f"vae.epochs={lab.pick(12, 100)}")
    values, pictures = {}, []
    for name, config in {"dense": vc_table1.config(lab), "convolutional": convolutional}.items():
        trained = lab.train(config)
        found = mismatch(trained, count=10_000)
        values[name] = {"inactive": trained.stack.latent_dim - found["active"], "squared error": found["squared error"]}
        pictures.append(picture(name, f"Generated digits, {name} network.", grid(trained.stack.sample(24, seed=0), 12)))
    return Findings(values, pictures=pictures)


def claims(values):
    dense, convolutional = values["dense"], values["convolutional"]
    fewer, sharper = (convolutional[key] < dense[key] for key in ("inactive", "squared error"))
    both = [[cells[key] for cells in (dense, convolutional)] for key in ("inactive", "squared error")]
    near = 1 <= convolutional["inactive"] <= 5
    return [
        Claim("fewer variables are inactive than in the dense network", fewer, both[0], [8, 3]),
        Claim("about 3 of 16 (1 to 5)", near, convolutional["inactive"], 3),
        Claim("its reconstructions are more precise", sharper, both[1]),
    ]
