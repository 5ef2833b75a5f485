"""Pictures: samples, reconstructions, nearest training images, interpolations and traversals."""

import numpy as np

from keras_vae.data.grids import grid, pairs
from keras_vae.data.mapped import in_order
from keras_vae.diagnostics import latent_table
from keras_vae.maths.arrays import blocks, to_uint8
from keras_vae.status import Progress

SHOWN, NEIGHBOURS, STEPS = 64, 8, 8
TRAVERSED, REACH = 8, 2.5  # dimensions, and deviations of q(z) to either side of its mean
PAIRS = 32  # of images and reconstructions


def results(evaluation):
    """Samples of each stage, reconstructions, nearest training images of samples, interpolations and
    traversals of codes."""
    if not evaluation.are_images:
        return {}
    pictures = [
        evaluation.picture(
            "Samples, not chosen", "samples", evaluation.origin(name), f"samples_{name}", grid(samples[:SHOWN])
        )
        for name, samples in evaluation.samples.items()
    ]
    shown = evaluation.shown(PAIRS)
    reconstructed = pairs(evaluation.test[shown], evaluation.reconstructions[shown])
    caption = "test images above their reconstructions"
    pictures.append(evaluation.picture("Reconstructions", "codes", caption, "reconstructions", reconstructed))
    caption = "between the codes of two test images, each row"
    if len(evaluation.test) > 1:
        between = _interpolations(evaluation)
        pictures.append(evaluation.picture("Interpolations", "codes", caption, "interpolations", between))
    dimensions = most_active(*evaluation.posterior)
    if len(evaluation.test) > 1 and len(dimensions):
        caption = f"each row one of the most active dimensions ({', '.join(map(str, dimensions))}), from -{REACH} to "
        caption += f"{REACH} deviations of q(z), the others as in one test image"
        mean, stddev = evaluation.posterior
        codes = traversals(mean, stddev, mean[evaluation.shown(1)[0]], dimensions)
        decoded = evaluation.stack.decode(codes.reshape(-1, mean.shape[1]))
        pictures.append(evaluation.picture("Traversals", "codes", caption, "traversals", grid(decoded, STEPS + 1)))
    if evaluation.samples and evaluation.train is not None:
        top = list(evaluation.samples)[-1]
        caption = f"a sample of stage {top}, and the training images nearest to it in pixels"
        neighbours = _neighbours(evaluation.train, evaluation.samples[top][:NEIGHBOURS])
        pictures.append(evaluation.picture("Nearest training images", "neighbours", caption, "neighbours", neighbours))
    return {"pictures": pictures}


def _interpolations(evaluation):
    shown = evaluation.shown(2 * STEPS)
    mean = evaluation.posterior[0][shown[: len(shown) // 2 * 2]]
    share = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[None, :, None]
    codes = (1 - share) * mean[0::2, None] + share * mean[1::2, None]
    return grid(evaluation.stack.decode(codes.reshape(-1, mean.shape[1])), columns=STEPS)


def most_active(mean, stddev):
    """The TRAVERSED dimensions, at most, whose means vary most, of those that are active; mean, stddev: (n, d)."""
    table = latent_table(mean, stddev)
    order = np.argsort(-table.variance_of_mean, kind="stable")
    return [int(dimension) for dimension in order[:TRAVERSED] if table.active[dimension]]


def traversals(mean, stddev, code, dimensions):
    """Codes (dimensions, steps, d) that are `code` (d,) but for one dimension each, which crosses q(z) from below."""
    spread = np.sqrt(np.var(mean, axis=0) + np.mean(np.square(stddev), axis=0))
    codes = np.tile(code, (len(dimensions), STEPS + 1, 1))
    for row, k in enumerate(dimensions):
        codes[row, :, k] = mean[:, k].mean() + np.linspace(-REACH, REACH, STEPS + 1) * spread[k]
    return codes.astype(np.float32)


def _neighbours(train, samples):
    samples = to_uint8(samples)
    # In one pass, block by block: neither all images nor their differences may fit in memory.
    bar = Progress(blocks(len(train), 1024), "nearest training images", unit="blocks")
    distances = np.concatenate([_distances(in_order(train)[rows], samples) for rows in bar])
    nearest = np.argsort(distances, axis=0)[: NEIGHBOURS - 1]
    rows = [np.concatenate([sample[None], train[near]]) for sample, near in zip(samples, nearest.T)]
    return grid(np.concatenate(rows), columns=NEIGHBOURS)


def _distances(images, samples):
    """||x - s||^2 of each of the images (n, H, W, C) and samples (m, H, W, C), (n, m) float32."""
    images = images.astype(np.float32)
    return np.stack([np.sum(np.square(images - sample), axis=(1, 2, 3)) for sample in samples], axis=1)
