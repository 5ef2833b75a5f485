"""Metrics at 10,000 images beside plain NumPy, SciPy and scikit-learn: seconds of either, in turns in one process.

    python bench/metrics.py [--count=10000] [--rounds=3] [--only=SWD]

The plain side is the formula as one would write it down, on arrays that lie in memory; Frechet's is that of
pytorch-fid (numpy.cov, scipy.linalg.sqrtm), the sliced Wasserstein distance's sorts one direction after the other.
Values of both sides are printed: they estimate the same.
"""

import numpy as np
from _turns import row, timed
from absl import app, flags
from scipy import linalg, ndimage
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from keras_vae import cli

flags.DEFINE_integer("count", 10_000, "Images.")
flags.DEFINE_integer("rounds", 3, "Times that each side is run.")
flags.DEFINE_string("only", "", "Rows that begin with this.")

CODE, SAMPLES, SIDE = 64, 50, 32


def frechet(a, b):
    """As pytorch-fid computes it."""
    root = linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    difference = a.mean(0) - b.mean(0)
    return difference @ difference + np.trace(np.cov(a, rowvar=False)) + np.trace(np.cov(b, rowvar=False) - 2 * root)


def mmd(a, b):
    """Unbiased, with the kernels of Tolstikhin et al. (2018) at their seven scales."""

    def kernels(x, y):
        distances, scale = cdist(x, y, "sqeuclidean"), 2.0 * x.shape[1]
        return sum(scale * s / (scale * s + distances) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))

    n, m = len(a), len(b)
    within = [kernels(x, x) for x in (a, b)]
    same = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within)
    return same - 2.0 * kernels(a, b).sum() / (n * m)


def sliced(a, b, directions):
    return np.mean([np.mean(np.abs(np.sort(a @ each) - np.sort(b @ each))) for each in directions])


def sliced_images(reals, fakes):
    """As Karras et al. (2018) publish it: a filter in two dimensions, patches by index, 4 times 128 directions."""
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256
    random, found = np.random.default_rng(0), []
    levels = [[each.astype(np.float32) / 255] for each in (reals, fakes)]
    for pyramid in levels:
        while min(pyramid[-1].shape[1:3]) >= 32:
            pyramid.append(ndimage.convolve(pyramid[-1], kernel, mode="mirror")[:, ::2, ::2])
            spread = np.zeros_like(pyramid[-2])
            spread[:, ::2, ::2] = pyramid[-1]
            pyramid[-2] -= ndimage.convolve(spread, 4 * kernel, mode="mirror")
    for pair in zip(*levels):
        rows = []
        for level in pair:
            count, height, width, channels = level.shape
            image, y, x, channel = np.ogrid[: 128 * count, -3:4, -3:4, :channels]
            row, column = (random.integers(3, size - 3, (128 * count, 1, 1, 1)) for size in (height, width))
            patches = level[image // 128, row + y, column + x, channel]
            patches -= patches.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)
            deviation = patches.std(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)
            rows.append((patches / deviation).reshape(len(patches), -1))
        for _ in range(4):
            directions = random.standard_normal((rows[0].shape[1], 128)).astype(np.float32)
            directions /= np.linalg.norm(directions, axis=0)
            a, b = (np.sort(each @ directions, axis=0) for each in rows)
            found.append(np.mean(np.abs(a - b)))
    return 1000 * np.mean(found)


def different_bins(train, sample, pixels):
    """NDB / K of 100 bins, on the pixels that ours looks at."""
    rows = [each.reshape(len(each), -1)[:, pixels].astype(np.float32) / 255.0 for each in (train, sample)]
    kmeans = KMeans(100, n_init=1, max_iter=100, random_state=0).fit(rows[0])
    counts = [np.bincount(kmeans.predict(each), minlength=100) for each in rows]
    p, q = counts[0] / len(train), counts[1] / len(sample)
    pooled = (counts[0] + counts[1]) / (len(train) + len(sample))
    return np.mean(np.abs(p - q) > 1.96 * np.sqrt(pooled * (1 - pooled) * (1 / len(train) + 1 / len(sample))))


def bound(stack, images):
    """-log of the mean weight of 50 draws, NumPy around calls of the networks, all 500 images of a batch at a time."""
    random, found, gamma = np.random.default_rng(0), [], stack.gamma
    dimension = np.prod(images.shape[1:])
    for start in range(0, len(images), 500):
        x = images[start : start + 500] / np.float32(255)
        mean, stddev = (np.asarray(each) for each in stack.stage().encoder(x))
        weights = []
        for _ in range(SAMPLES):
            eps = random.standard_normal(mean.shape, np.float32)
            z = mean + stddev * eps
            error = np.square(x - np.asarray(stack.stage().decoder(z))).reshape(len(x), -1).sum(1)
            likelihood = -0.5 * error / gamma - 0.5 * dimension * np.log(2 * np.pi * gamma)
            weights.append(likelihood + (0.5 * (eps**2 - z**2) + np.log(stddev)).sum(1))
        top = np.max(weights, axis=0)
        found.append(-(top + np.log(np.mean(np.exp(weights - top), axis=0))))
    return np.concatenate(found)


def pairs(count):
    """{metric: (ours, plain)}, functions of nothing that give a number."""
    import keras_vae as kv
    from keras_vae.models import GaussianVAE, Stack
    from keras_vae.networks import residual_mlp

    random = np.random.default_rng(0)
    codes = random.standard_normal((2, count, CODE)).astype(np.float32)
    features = random.standard_normal((2, count, 16 * 16 * 3)) @ random.standard_normal((768, 768)) / 28
    faces = kv.data.load("faces", "train", image_size=[SIDE, SIDE], count=2 * count)
    halves = faces[:count], faces[count : 2 * count]
    digits = random.integers(0, 256, (count, 28, 28, 1), dtype=np.uint8)
    vae = GaussianVAE(residual_mlp.encoder((28, 28, 1), CODE), residual_mlp.decoder(CODE, (28, 28, 1)), name="vae")
    stack = Stack([vae])
    metrics = kv.metrics
    bins = metrics.ImageBins(faces[:200], 100)  # for its choice of pixels
    directions = random.standard_normal((512, CODE))
    directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    return {
        "NLL, 50 draws": (
            lambda: metrics.importance_weighted_nll(stack, digits, SAMPLES).mean(),
            lambda: bound(stack, digits).mean(),
        ),
        "MMD, 64 dimensions": (lambda: metrics.mmd(*codes), lambda: mmd(*codes.astype(np.float64))),
        "NDB, 32x32x3": (
            lambda: metrics.ndb(*halves).ratio,
            lambda: different_bins(*halves, bins.pixels),
        ),
        "Frechet, 768 features": (lambda: metrics.frechet_distance(*features), lambda: frechet(*features)),
        "sliced Wasserstein, 64 dimensions": (
            lambda: metrics.sliced_wasserstein(*codes),
            lambda: sliced(*codes, directions),
        ),
        "SWD of images, 32x32x3": (lambda: metrics.swd(*halves)["mean"], lambda: sliced_images(*halves)),
        "active units": (
            lambda: kv.diagnostics.active_units(codes[0]).sum(),
            lambda: (codes[0].astype(np.float64).var(axis=0) > 0.01).sum(),
        ),
    }


def main(_):
    print("| metric | ours, s | plain, s | plain / ours, round by round | values |\n|---|---|---|---|---|")
    for name, sides in pairs(flags.FLAGS.count).items():
        if not name.startswith(flags.FLAGS.only):
            continue
        seconds, values = timed(sides, flags.FLAGS.rounds)
        row(name, seconds, 1, ", ".join(f"{value:.4g}" for value in values))


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
