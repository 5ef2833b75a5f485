"""The supplement of infinite gradients: clothes as inliers, digits as outliers, as kappa grows."""

import numpy as np

from experiments.common.findings import Claim, Findings, chart, column, panel
from keras_vae.config import replace
from keras_vae.data.subset import subset
from keras_vae.diagnostics import latent_table
from keras_vae.metrics import auroc, outlier_scores

TITLE = "Outliers as kappa grows"
SOURCE = "Infinite gradients, section 2.2 and supplement"
CLAIM = (
    "A VAE trained on Fashion-MNIST tells MNIST digits apart, provided that kappa is at least r; as kappa grows far "
    "beyond r it still does, for superfluous dimensions are shut off."
)
SCALED = "the network of regularisation balance's Table 1, 12 epochs (quick); the supplement's numbers are not at hand."
WHY = (
    "After 100 epochs 17 of 320 dimensions carry more signal than noise, 12 of 80, 6 of 20: clothes have no sharp "
    "number of dimensions, and the detail that a larger VAE fits takes a few more. All others carry more noise than "
    "signal, and outliers are told apart almost as well: an AUROC of 0.992 at 320, 0.994 at 80."
)
MINUTES = {"quick": 3, "full": 25}
PAPER = {}
KAPPAS = (5, 20, 80, 320)
COUNT = 2000  # images of each kind
SLACK = 0.01  # of AUROC that counts as not falling


def measure(lab):
    values = {}
    outliers = subset(lab.data("mnist", "test"), COUNT, seed=0)
    for kappa in KAPPAS:
        trained = lab.train(_config(lab, kappa))
        inliers = trained.evaluation(COUNT).test
        scores = [outlier_scores(trained.stack, images) for images in (inliers, outliers)]
        table = latent_table(*trained.stack.encode(inliers))
        values[f"kappa = {kappa}"] = {
            **{f"AUROC, {name.replace('_', ' ')}": auroc(scores[0][name], scores[1][name]) for name in scores[0]},
            "informative": int(table.informative.sum()),
            "reconstruction, nats": float(np.mean(scores[0]["reconstruction"])),
        }
    names = [name for name in values[f"kappa = {KAPPAS[0]}"] if name.startswith("AUROC")]
    lines = {name: (KAPPAS, column(values, name).values()) for name in names}
    drawn = panel({name: (x, list(y)) for name, (x, y) in lines.items()}, "kappa", "AUROC", log="x")
    return Findings(values, [chart("auroc", "Fashion-MNIST against MNIST.", drawn)])


def _config(lab, kappa):
    config = lab.preset("mnist_vae", f"vae.latent_dim={kappa}", f"vae.epochs={lab.pick(12, 100)}")
    return lab.located(replace(config, dataset="fashion_mnist"))


def claims(values):
    found = list(column(values, "AUROC, reconstruction").values())
    counts = list(column(values, "informative").values())
    return [
        Claim("digits are told apart (AUROC above 0.9) once kappa is large enough", found[-1] > 0.9, found),
        Claim("the AUROC does not fall as kappa grows: the last is the best", found[-1] > max(found) - SLACK, found),
        Claim(
            "because superfluous dimensions are shut off: of 320 no more carry signal than a quarter above those of 80",
            counts[-1] <= 1.25 * counts[-2],
            counts,
        ),
    ]
