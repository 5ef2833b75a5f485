"""Sliced Wasserstein distances of samples and reconstructions, level by level."""

from keras_vae.data.subset import subset
from keras_vae.metrics import downsample, swd
from keras_vae.metrics.swd import SIDE

MOST = 500  # images of either side: each has 128 patches in every level


def results(evaluation):
    """One row each: the floor, Downsample, reconstructions, and samples of each stage."""
    if not evaluation.are_images:
        return {}
    if min(evaluation.test.shape[1:3]) < SIDE:
        raise ValueError(f"images are smaller than a patch of {SIDE}x{SIDE}")
    train = subset(evaluation.train, min(len(evaluation.test), MOST), evaluation.seed)
    reals = evaluation.test[: len(train)]
    sets = {"training images (floor)": train, "downsampled test images": downsample(reals)}
    sets["reconstruction"] = evaluation.reconstructions
    sets |= {f"samples of {name}": samples for name, samples in evaluation.samples.items()}
    found = {name: swd(reals, images[: len(reals)], evaluation.seed) for name, images in sets.items()}
    columns = ["", *found["reconstruction"]]
    note = (
        f"1,000 times the distance between patches of {len(reals):,} test images and of as many others, at each level "
        "of a Laplacian pyramid (Karras et al. 2018). The fewer images, the larger is the floor."
    )
    rows = [[name, *values.values()] for name, values in found.items()]
    table = {"title": "Sliced Wasserstein distance", "columns": columns, "rows": rows, "note": note}
    return {"tables": [{**table, "scales": columns[1:-1]}]}  # the last is their mean
