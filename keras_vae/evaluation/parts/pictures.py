"""Pictures: samples, reconstructions, nearest training images and interpolations."""

import numpy as np

from keras_vae.data.grids import grid, pairs
from keras_vae.maths.arrays import blocks, to_uint8

SHOWN, NEIGHBOURS, STEPS = 64, 8, 8
PAIRS = 32  # of images and reconstructions


def results(evaluation):
    """Samples of each stage, reconstructions, nearest training images of samples, and interpolations of codes."""
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


def _neighbours(train, samples):
    samples = to_uint8(samples)
    # In one pass, block by block: neither all images nor their differences may fit in memory.
    distances = np.concatenate([_distances(train[rows], samples) for rows in blocks(len(train), 1024)])
    nearest = np.argsort(distances, axis=0)[: NEIGHBOURS - 1]
    rows = [np.concatenate([sample[None], train[near]]) for sample, near in zip(samples, nearest.T)]
    return grid(np.concatenate(rows), columns=NEIGHBOURS)


def _distances(images, samples):
    """||x - s||^2 of each of the images (n, H, W, C) and samples (m, H, W, C), (n, m) float32."""
    images = images.astype(np.float32)
    return np.stack([np.sum(np.square(images - sample), axis=(1, 2, 3)) for sample in samples], axis=1)
