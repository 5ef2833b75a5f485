"""Metrics of models and of their samples.

Each metric is a function of arrays; those of a model take functions (encode, decode), so that a live model and its
SavedModel are measured by the same code.
"""

from keras_vae.metrics import features
from keras_vae.metrics.fid import downsample, fid, fid_table
from keras_vae.metrics.frechet import GaussianStatistics, frechet_distance, frechet_from_statistics
from keras_vae.metrics.likelihood import (
    bits_per_dim,
    importance_sampling,
    importance_weighted_nll,
    nll_from_log_weights,
    second_stage_nll,
)
from keras_vae.metrics.mmd import mmd, mmd_to_prior
from keras_vae.metrics.ndb import ImageBins, compare_histograms, ndb
from keras_vae.metrics.outliers import aupr, auroc, bootstrap_intervals, fpr_at_95_tpr, outlier_scores
from keras_vae.metrics.reconstruction import model_reconstruction_error, reconstruction_error
from keras_vae.metrics.swd import sliced_wasserstein, swd
from keras_vae.metrics.thresholds import best_f1_threshold, false_alarm_threshold, rates_at

__all__ = [
    "GaussianStatistics",
    "ImageBins",
    "aupr",
    "auroc",
    "best_f1_threshold",
    "bits_per_dim",
    "bootstrap_intervals",
    "compare_histograms",
    "downsample",
    "false_alarm_threshold",
    "features",
    "fid",
    "fid_table",
    "fpr_at_95_tpr",
    "frechet_distance",
    "frechet_from_statistics",
    "importance_sampling",
    "importance_weighted_nll",
    "mmd",
    "mmd_to_prior",
    "model_reconstruction_error",
    "ndb",
    "nll_from_log_weights",
    "outlier_scores",
    "rates_at",
    "reconstruction_error",
    "second_stage_nll",
    "sliced_wasserstein",
    "swd",
]
