"""The Frechet distance of generated images, with what one must know to compare it."""

import numpy as np

from keras_vae import plugins
from keras_vae.metrics._arrays import checked_images
from keras_vae.metrics.frechet_from_statistics import frechet_from_statistics
from keras_vae.metrics.gaussian_statistics import GaussianStatistics
from keras_vae.models.checks import checked_data


def fid(extractor, reals, fakes, protocol="clean", split="not stated", seed=0):
    """The FID of `fakes` as a dict: value, protocol, n_real, n_fake, split, features, features_sha256.

    extractor   features of images, from metrics.features.load.
    reals, fakes  images (n, H, W, C), uint8 or float32 in [0, 1]; the protocol may use fewer than are given.
    protocol    clean, or dai_wipf; see metrics/fid_protocols.
    split       a note of what the real images are, with their crop: "celeb_a test, centre 128".
    seed        of the choice among the real images, where the protocol uses fewer.
    """
    found = protocol_of(protocol)
    reals = chosen_reals(reals, found, seed)
    fakes = chosen_fakes(fakes, reals, found)
    return result(extractor, statistics(extractor, reals), statistics(extractor, fakes), protocol, split)


def protocol_of(name):
    """The module of the protocol of that name."""
    return plugins.find("keras_vae.metrics.fid_protocols", name, needs="LIMIT", kind="FID protocol")


def chosen_reals(reals, protocol, seed):
    """The real images that the protocol uses, in the order of a seeded shuffle."""
    reals = checked_images(reals, "reals")
    return reals[np.random.default_rng(seed).permutation(len(reals))[: protocol.LIMIT]]


def chosen_fakes(fakes, reals, protocol):
    """The fakes that the protocol uses, as it prepares them."""
    return protocol.prepare(checked_data(fakes, reals.shape[1:], "fakes")[: protocol.LIMIT])


def statistics(extractor, images):
    """GaussianStatistics of the features of images."""
    found = GaussianStatistics()
    for features in extractor.batches(images):
        found.add(features)
    if not np.any(np.diag(found.covariance)):
        raise ValueError(f"the {extractor.name} features of all {len(images)} images are the same; expected variety")
    return found


def result(extractor, reals, fakes, protocol, split):
    """The dict that `fid` returns, from the statistics of both sides."""
    return {
        "value": frechet_from_statistics(reals, fakes),
        "protocol": protocol,
        "n_real": reals.count,
        "n_fake": fakes.count,
        "split": split,
        "features": extractor.name,
        "features_sha256": extractor.sha256,
    }
