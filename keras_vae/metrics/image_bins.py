"""The bins of NDB: a partition of image space that the training images define."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from keras_vae.metrics._arrays import blocks, checked_examples, unit
from keras_vae.metrics.compare_histograms import compare_histograms
from keras_vae.models.checks import checked_count, checked_data

ALL_PIXELS_BELOW = 1000  # from Richardson and Weiss' code: above it, k-means sees a random sixth of the pixels
FRACTION = 6
THREADS = 2


class ImageBins:
    """k-means cells of training images, to be compared with any number of sample sets (Richardson & Weiss 2018).

    train_images  (n, H, W, C) uint8 or float32 in [0, 1], or points (n, d).
    bins          K. Their advice is a few hundred training images or more for each.
    seed          of k-means and of the choice of pixels.

    Pixels are not whitened, as in the paper's experiments on images.
    """

    def __init__(self, train_images, bins=100, seed=0):
        images, bins = checked_examples(train_images, "train_images"), checked_count(bins, "bins")
        if len(images) < bins:
            raise ValueError(f"train_images has {len(images)} images; expected at least one for each of {bins} bins")
        self._shape, dimension = images.shape[1:], int(np.prod(images.shape[1:]))
        kept = dimension if dimension <= ALL_PIXELS_BELOW else dimension // FRACTION
        self._pixels = np.sort(np.random.default_rng(seed).permutation(dimension)[:kept])
        self._kmeans = KMeans(bins, n_init=1, max_iter=100, random_state=seed)
        rows = self._seen(images)
        counts = np.bincount(self._fit(rows), minlength=bins)
        if not counts.all():
            different = len(np.unique(rows, axis=0))
            raise ValueError(f"train_images has only {different} different images; expected at least {bins}")
        self._order = np.argsort(-counts, kind="stable")
        self.counts = counts[self._order]

    def compare(self, sample_images):
        """NDBResult of samples (m, ...) of the shape of the training images."""
        images = checked_data(sample_images, self._shape, "sample_images")
        if len(images) < len(self.counts):
            raise ValueError(
                f"sample_images has {len(images)} images; expected at least one for each of {len(self.counts)} bins"
            )
        labels = self._kmeans.predict(self._seen(images))
        return compare_histograms(self.counts, np.bincount(labels, minlength=len(self.counts))[self._order])

    def _seen(self, images):
        """The pixels that count, (n, kept) float32."""
        parts = (unit(images[block]).reshape(-1, int(np.prod(self._shape))) for block in blocks(len(images), 1024))
        return np.concatenate([part[:, self._pixels] for part in parts])

    def _fit(self, rows):
        """The bin of each row. k-means tells nothing while it runs, so the bar only says what is being waited for."""
        described = f"k-means of {len(rows):,} images into {self._kmeans.n_clusters} bins"
        # Threads add up their sums in the order in which they finish. With two of them the order cannot matter; with
        # more, the same seed would not give the same bins to the last digit.
        with tqdm(total=1, desc=described, disable=None) as bar, threadpool_limits(THREADS, user_api="openmp"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # too few different images: an error above
                labels = self._kmeans.fit_predict(rows)
            bar.update()
        return labels
