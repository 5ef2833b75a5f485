"""NDB: the number of statistically different bins (Richardson & Weiss 2018)."""

import dataclasses
import warnings

import numpy as np
from scipy import special, stats
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from keras_vae.checks import checked_count, checked_data, checked_examples, floats
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks, unit
from keras_vae.status import passing

ALL_PIXELS_BELOW = 1000  # from Richardson and Weiss' code: above it, k-means sees a random sixth of the pixels
FRACTION = 6
MOST = 2**26  # numbers that k-means sees at once
BLOCK = 8192  # images whose cells are looked up at once
THREADS = 2
SIGNIFICANCE = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class NDBResult:
    """NDB / K, NDB and the divergence, with what they were computed from."""

    ratio: float  # NDB / K, the score of Table 4 of regularisation balance
    different: int  # NDB: how many bins differ significantly
    js: float  # Jensen-Shannon divergence between the two histograms, in nats
    bins: int  # K
    n_train: int
    n_sample: int
    train_proportions: np.ndarray = dataclasses.field(repr=False)  # (K,), largest first
    sample_proportions: np.ndarray = dataclasses.field(repr=False)  # (K,)
    different_bins: np.ndarray = dataclasses.field(repr=False)  # bool (K,)


def ndb(train_images: np.ndarray, sample_images: np.ndarray, bins: int = 100, seed: int = 0) -> NDBResult:
    """NDBResult with .ratio (NDB/K), .different (NDB) and .js, of samples against training images.

    Samples from the training distribution itself give a ratio of about 0.05, the significance level. ImageBins compares
    several sets of samples with the bins of one k-means.
    """
    return ImageBins(train_images, bins, seed).compare(sample_images)


class ImageBins:
    """k-means cells of training images, to be compared with any number of sample sets (Richardson & Weiss 2018).

    train_images  (n, H, W, C) uint8 or float32 in [0, 1], or points (n, d).
    bins          K. Their advice is a few hundred training images or more for each.
    seed          of k-means and of the choice of pixels.

    Pixels are not whitened, as in the paper's experiments on images. Where training images have more than MOST numbers,
    k-means sees a random subset of so many (`fitted`); all are counted in its cells.
    """

    def __init__(self, train_images: np.ndarray, bins: int = 100, seed: int = 0) -> None:
        checked_seed(seed)
        images, bins = checked_examples(train_images, "train_images"), checked_count(bins, "bins")
        if len(images) < bins:
            raise ValueError(f"train_images has {len(images)} images; expected at least one for each of {bins} bins")
        self._shape, dimension = images.shape[1:], int(np.prod(images.shape[1:]))
        kept = dimension if dimension <= ALL_PIXELS_BELOW else dimension // FRACTION
        self.pixels = np.sort(np.random.default_rng(seed).permutation(dimension)[:kept])
        self._kmeans = KMeans(bins, n_init=1, max_iter=100, random_state=seed)
        self.fitted = min(len(images), max(bins, MOST // kept))
        chosen = np.sort(np.random.default_rng([seed, 1]).permutation(len(images))[: self.fitted])
        rows = self._seen(images if self.fitted == len(images) else images[chosen])
        labels = self._fit(rows)
        if not np.bincount(labels, minlength=bins).all():
            different = len(np.unique(rows, axis=0))
            raise ValueError(f"train_images has only {different} different images; expected at least {bins}")
        counts = np.bincount(labels, minlength=bins) if self.fitted == len(images) else self._counts(images)
        self._order = np.argsort(-counts, kind="stable")
        self.counts = counts[self._order]

    def compare(self, sample_images: np.ndarray) -> NDBResult:
        """NDBResult of samples (m, ...) of the shape of the training images."""
        images = checked_data(sample_images, self._shape, "sample_images")
        if len(images) < len(self.counts):
            raise ValueError(
                f"sample_images has {len(images)} images; expected at least one for each of {len(self.counts)} bins"
            )
        return compare_histograms(self.counts, self._counts(images)[self._order])

    def _counts(self, images):
        """Number of images in each cell, (bins,), block by block."""
        labels = [self._kmeans.predict(self._seen(images[block])) for block in blocks(len(images), BLOCK)]
        return np.bincount(np.concatenate(labels), minlength=self._kmeans.n_clusters)

    def _seen(self, images):
        """The pixels that count, (n, kept) float32."""
        rows = images.reshape(len(images), -1)[:]  # a store looks at its file
        return unit(np.take(rows, self.pixels, axis=1))  # several times as fast as rows[:, pixels]

    def _fit(self, rows):
        """The bin of each row. k-means tells nothing while it runs: what is waited for is said, no more."""
        described = f"k-means of {len(rows):,} images into {self._kmeans.n_clusters} bins ..."
        # Threads add up their sums in the order in which they finish. With two of them the order cannot matter; with
        # more, the same seed would not give the same bins to the last digit.
        with passing(described), threadpool_limits(THREADS, user_api="openmp"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # too few different images: an error above
            return self._kmeans.fit_predict(rows)


def compare_histograms(train_counts: np.ndarray, sample_counts: np.ndarray) -> NDBResult:
    """NDBResult of counts (K,) of training images and of samples in the same K bins (Richardson & Weiss 2018).

    A bin is different where the two-proportion z-test, with pooled variance and two tails, is significant at 0.05.
    """
    train_counts, sample_counts = floats(train_counts, "train_counts"), floats(sample_counts, "sample_counts")
    if train_counts.ndim != 1 or train_counts.shape != sample_counts.shape:
        raise ValueError(f"counts have shapes {train_counts.shape} and {sample_counts.shape}; expected (bins,) twice")
    if any(
        not np.isfinite(each).all() or (each < 0).any() or (each % 1).any() for each in (train_counts, sample_counts)
    ):
        raise ValueError("counts must be whole numbers, not below zero")
    n, m = int(train_counts.sum()), int(sample_counts.sum())
    if not n or not m:
        raise ValueError(f"counts sum to {n} and {m}; expected at least one example on either side")
    p, q, pooled = train_counts / n, sample_counts / m, (train_counts + sample_counts) / (n + m)
    deviation = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m))
    z = np.divide(p - q, deviation, out=np.zeros(len(p)), where=deviation > 0)  # a bin empty on both sides is equal
    different = 2.0 * stats.norm.sf(np.abs(z)) < SIGNIFICANCE
    middle = 0.5 * (p + q)
    js = 0.5 * float(np.sum(special.rel_entr(p, middle) + special.rel_entr(q, middle)))
    return NDBResult(float(different.mean()), int(different.sum()), js, len(p), n, m, p, q, different)
