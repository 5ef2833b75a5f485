"""The statistics of NDB, on counts."""

import numpy as np
from scipy import special, stats

from keras_vae.metrics.ndb_result import NDBResult

SIGNIFICANCE = 0.05


def compare_histograms(train_counts, sample_counts):
    """NDBResult of counts (K,) of training images and of samples in the same K bins (Richardson & Weiss 2018).

    A bin is different where the two-proportion z-test, with pooled variance and two tails, is significant at 0.05.
    """
    train_counts, sample_counts = np.asarray(train_counts), np.asarray(sample_counts)
    if train_counts.ndim != 1 or train_counts.shape != sample_counts.shape:
        raise ValueError(f"counts have shapes {train_counts.shape} and {sample_counts.shape}; expected (bins,) twice")
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
