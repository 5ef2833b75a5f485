"""Pictures where people would rather look than read."""

import numpy as np

from keras_vae.data.grids import grid, pairs
from keras_vae.maths.arrays import to_uint8

SHOWN, NEIGHBOURS, STEPS = 64, 8, 8


def results(subject):
    """Samples of each stage, reconstructions, nearest training images of samples, and interpolations of codes."""
    if not subject.are_images:
        return {}
    captions = {name: f"stage {name}" for name in subject.samples}
    pictures = [
        subject.picture("Samples, not chosen", "samples", captions[name], f"samples_{name}", grid(samples[:SHOWN]))
        for name, samples in subject.samples.items()
    ]
    reconstructed = pairs(subject.test[:32], subject.reconstructions[:32])
    caption = "test images above their reconstructions"
    pictures.append(subject.picture("Reconstructions", "codes", caption, "reconstructions", reconstructed))
    caption = "between the codes of two test images, each row"
    pictures.append(subject.picture("Interpolations", "codes", caption, "interpolations", _interpolations(subject)))
    if subject.samples:
        top = list(subject.samples)[-1]
        caption = f"a sample of stage {top}, and the training images nearest to it in pixels"
        neighbours = _neighbours(subject.train, subject.samples[top][:NEIGHBOURS])
        pictures.append(subject.picture("Nearest training images", "neighbours", caption, "neighbours", neighbours))
    return {"pictures": pictures}


def _interpolations(subject):
    mean = subject.posterior[0][: 2 * STEPS]
    share = np.linspace(0.0, 1.0, STEPS, dtype=np.float32)[None, :, None]
    codes = (1 - share) * mean[0::2, None] + share * mean[1::2, None]
    return grid(subject.stack.decode(codes.reshape(-1, mean.shape[1])), columns=STEPS)


def _neighbours(train, samples):
    rows = []
    for sample in to_uint8(samples):
        # In blocks: the differences of all training images at once would not fit in memory.
        blocks = [train[start : start + 1024] for start in range(0, len(train), 1024)]
        distances = [np.sum(np.square(block.astype(np.float32) - sample), axis=(1, 2, 3)) for block in blocks]
        nearest = np.argsort(np.concatenate(distances))[: NEIGHBOURS - 1]
        rows.append(np.concatenate([sample[None], train[nearest]]))
    return grid(np.concatenate(rows), columns=NEIGHBOURS)
