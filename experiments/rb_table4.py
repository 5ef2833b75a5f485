"""Table 4 of regularisation balance: NDB of samples."""

import functools

from experiments.common import celeb_a, measures
from experiments.common.findings import Claim, Findings, column
from keras_vae.metrics import ImageBins

TITLE = "Statistically different bins on CelebA"
SOURCE = "Regularisation balance, section 6, Table 4"
CLAIM = "VAE+ has by far the lowest NDB at every K; Downsample is near 0."
SCALED = "the stacks of Table 3 here: 64x64, 8,000 training images and as many samples."
MINUTES = {"quick": 1, "full": 3}
BINS = (100, 200, 300)
ROWS = {
    "Downsample": (0.05, 0.06, 0.04),
    "WAE-MMD": (0.64, 0.62, 0.58),
    "VAE": (0.88, 0.85, 0.81),
    "VAE+": (0.29, 0.28, 0.24),
}
PAPER = {name: {f"K = {bins}": value for bins, value in zip(BINS, row)} for name, row in ROWS.items()}


def measure(lab):
    methods = celeb_a.methods(lab)
    options = methods["VAE+"][0].config.data_options
    train, test = (lab.data("celeb_a", split, **options) for split in ("train", "test"))
    sets = {"Downsample": lambda: measures.downsampled(train, lab.workdir), "test images (floor)": lambda: test}
    for name, (trained, stage) in methods.items():
        sets[name] = functools.partial(measures.generated, trained, train, stage)
    found, values = {bins: ImageBins(train, bins) for bins in BINS}, {}
    for name, make in sets.items():  # one set of images at a time: they may not fit in memory
        images = make()
        values[name] = {f"K = {bins}": found[bins].compare(images).ratio for bins in BINS}
    note = "Share of bins whose proportions differ significantly; identical distributions give about 0.05."
    return Findings(values, notes=[note])


def claims(values):
    found = []
    for number, name in enumerate(f"K = {bins}" for bins in BINS):
        measured = column(values, name)
        plus, others = measured["VAE+"], [measured[row] for row in celeb_a.BASELINES if row in measured]
        paper = [ROWS[row][number] for row in ("VAE+", "VAE", "WAE-MMD")]
        found.append(Claim(f"{name}: VAE+ has the lowest NDB", plus < min(others), [plus, *others], paper))
    small = list(column(values, "K = 100").values())[0]
    baselines = [values[row] for row in celeb_a.BASELINES if row in values]
    ratios = [cell / min(row[k] for row in baselines) for k, cell in values["VAE+"].items()]
    margin = max(ratios) < 0.75
    return [
        *found,
        Claim("by a significant margin (at most 3/4 of the next, at every K)", margin, ratios, [0.45, 0.45, 0.41]),
        Claim("Downsample is near 0 (below 0.1)", small < 0.1, small, 0.05),
    ]
