"""Figs. 1 and 2 of variable collapse: ten digits in a plane of codes, and sixteen variances, during training."""

import numpy as np

from experiments.common.findings import Claim, Findings, chart, panel
from experiments.common.watching import watch
from keras_vae.data.subset import subset
from keras_vae.metrics.features.classifier import labelled

TITLE = "Trajectories in the latent space"
SOURCE = "Variable collapse, section 3, Figs. 1 and 2"
CLAIM = (
    "Ten digits begin with variances close to 1 in a chaotic arrangement; during the first epoch the variances get "
    "much smaller and the digits spread around the origin. With 16 variables, some variances fall towards 0 and "
    "others stay at 1."
)
SCALED = "the paper's networks, 784-256-64-16-2 and 784-256-64-32-16."
MINUTES = {"quick": 1, "full": 2}
PAPER = {"sixteen variables": {"mean sigma^2 near 1": 8}}
EVERY = 13  # steps between two looks: 36 in an epoch of 468 steps
DRAWN = 0.3  # radius of a circle, in deviations
IMAGES = 1000


def measure(lab):
    images, labels = labelled("mnist", "train", lab.data_dir)
    digits = np.stack([images[np.argmax(labels == digit)] for digit in range(10)])
    held_out = subset(lab.data("mnist", "test"), IMAGES, seed=0)

    def codes(stack):
        return [part.tolist() for part in stack.encode(digits)]

    def variances(stack):
        return np.mean(np.square(stack.encode(held_out)[1]), axis=0).tolist()

    plane = '{"hidden": [256, 64, 16]}'
    first = [f"vae.network_options={plane}", "vae.latent_dim=2", "vae.epochs=1", f"vae.steps_per_execution={EVERY}"]
    seen = watch(lab, "trajectories", lab.preset("mnist_asperti_dense", *first), codes)
    longer = [f"vae.epochs={lab.pick(10, 50)}", "vae.steps_per_execution=39"]
    evolution = watch(lab, "variances", lab.preset("mnist_asperti_dense", *longer), variances)

    path = np.array([look for _, look in seen])  # (looks, mean or stddev, digit, 2)
    radii = DRAWN * np.sqrt(path[:, 1].prod(axis=-1))  # a circle as large as the ellipse of q(z|x)
    lines = {str(n): (*path[:, 0, n].T, radii[:, n]) for n in range(10)}
    steps, sigma2 = np.array([step for step, _ in evolution]), np.array([look for _, look in evolution])
    return Findings(
        {
            "two variables, first look": _spread(path[0]),
            "two variables, after an epoch": _spread(path[-1]),
            "sixteen variables": {
                "mean sigma^2 near 1": int(np.sum(sigma2[-1] > 0.9)),
                "mean sigma^2 below 0.2": int(np.sum(sigma2[-1] < 0.2)),
                "smallest at the start": float(sigma2[0].min()),
            },
        },
        charts=[
            chart(
                "digits",
                f"Fig. 1: ten digits in the first epoch; circles fade with time, their radius is {DRAWN} sigma.",
                panel(lines, "mu_1", "mu_2", animated=True),
            ),
            chart(
                "variances",
                "Fig. 2: mean sigma^2 of 16 variables on held-out digits.",
                panel({f"_{k}": (steps, sigma2[:, k]) for k in range(sigma2.shape[1])}, "step", "mean sigma^2"),
            ),
        ],
    )


def _spread(look):
    """Of one look at the ten digits: mean variance, distance of their centre from the origin, their own spread."""
    mean, stddev = look
    return {
        "mean sigma^2": float(np.mean(np.square(stddev))),
        "distance of the centre": float(np.linalg.norm(mean.mean(axis=0))),
        "spread": float(np.sqrt(np.mean(np.var(mean, axis=0)))),
    }


def claims(values):
    first, last = values["two variables, first look"], values["two variables, after an epoch"]
    many = values["sixteen variables"]
    start, end = first["mean sigma^2"], last["mean sigma^2"]
    both = many["mean sigma^2 near 1"], many["mean sigma^2 below 0.2"]
    around = last["distance of the centre"] < last["spread"]
    ratio = [last["distance of the centre"], last["spread"]]
    spread = [first["spread"], last["spread"]]
    return [
        Claim("variances begin close to 1 (0.5 to 1.5)", 0.5 < start < 1.5, start),
        Claim("and get much smaller in the first epoch (below a fifth)", end < 0.2 * start, [start, end]),
        Claim("the digits spread out (at least fivefold)", spread[1] > 5 * spread[0], spread),
        Claim("around the origin: their centre is nearer to it than they spread", around, ratio),
        Claim("of 16 variances some fall below 0.2, others stay near 1", min(both) > 0, list(both)),
        Claim("about 8 stay near 1 (6 to 10)", 6 <= both[0] <= 10, both[0], 8),
    ]
