"""What models and their samples are worth.

Each metric is a function of arrays; those of a model take functions (encode, decode), so that a live model and its
SavedModel are measured by the same code.
"""

from keras_vae.metrics import features
from keras_vae.metrics.aupr import aupr
from keras_vae.metrics.auroc import auroc
from keras_vae.metrics.bits_per_dim import bits_per_dim
from keras_vae.metrics.compare_histograms import compare_histograms
from keras_vae.metrics.downsample import downsample
from keras_vae.metrics.fid import fid
from keras_vae.metrics.fid_table import fid_table
from keras_vae.metrics.fpr_at_95_tpr import fpr_at_95_tpr
from keras_vae.metrics.frechet_distance import frechet_distance
from keras_vae.metrics.frechet_from_statistics import frechet_from_statistics
from keras_vae.metrics.gaussian_statistics import GaussianStatistics
from keras_vae.metrics.image_bins import ImageBins
from keras_vae.metrics.importance_sampling import importance_sampling, nll_from_log_weights
from keras_vae.metrics.importance_weighted_nll import importance_weighted_nll
from keras_vae.metrics.mmd import mmd
from keras_vae.metrics.mmd_to_prior import mmd_to_prior
from keras_vae.metrics.model_reconstruction_error import model_reconstruction_error
from keras_vae.metrics.ndb import ndb
from keras_vae.metrics.outlier_scores import outlier_scores
from keras_vae.metrics.reconstruction_error import reconstruction_error

__all__ = [
    "GaussianStatistics",
    "ImageBins",
    "aupr",
    "auroc",
    "bits_per_dim",
    "compare_histograms",
    "downsample",
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
    "reconstruction_error",
]
