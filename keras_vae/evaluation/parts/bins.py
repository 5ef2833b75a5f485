"""NDB: numbers of statistically different bins."""

from keras_vae.data.subset import subset
from keras_vae.metrics import ImageBins, downsample

BINS = (100, 200, 300)  # K of Table 4
PER_BIN = 10  # training images a bin, at least


def results(evaluation):
    """NDB / K of held-out images, Downsample and the samples of each stage, with K fewer where data are few."""
    if not evaluation.are_images:
        return {}
    # As many training images as there are samples: the test compares proportions of both.
    train = subset(evaluation.train, max(len(evaluation.test), BINS[-1] * PER_BIN), evaluation.seed)
    test = evaluation.test
    sets = {"test images (floor)": test, "downsampled test images": downsample(test), **evaluation.samples}
    columns, rows = [""], [[f"samples of {name}" if name in evaluation.samples else name] for name in sets]
    for bins in (k for k in BINS if k * PER_BIN <= len(train) and k <= len(evaluation.test)):
        found = ImageBins(train, bins, evaluation.seed)
        columns.append(f"K = {bins}")
        for row, images in zip(rows, sets.values()):
            row.append(found.compare(images).ratio)
    if len(columns) == 1:
        least = f"needs {BINS[0] * PER_BIN:,} training and {BINS[0]} test images"
        raise ValueError(f"NDB {least}, and has {len(train):,} and {len(test):,}")
    note = (
        f"Share of the K bins whose proportion differs significantly (0.05) between {len(train):,} training images and "
        f"{len(evaluation.test):,} others. Identical distributions give about 0.05."
    )
    return {"tables": [{"title": "NDB", "columns": columns, "rows": rows, "note": note}]}
