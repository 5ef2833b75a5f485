"""The number of statistically different bins."""

from keras_vae.metrics.image_bins import ImageBins


def ndb(train_images, sample_images, bins=100, seed=0):
    """NDBResult with .ratio (NDB/K), .different (NDB) and .js, of samples against training images.

    Samples from the training distribution itself give a ratio of about 0.05, the significance level. ImageBins compares
    several sets of samples with the bins of one k-means.
    """
    return ImageBins(train_images, bins, seed).compare(sample_images)
