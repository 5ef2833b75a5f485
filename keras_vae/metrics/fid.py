"""FID: the Frechet distance of generated images by a protocol, with the rows that give it a meaning."""

import typing
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from keras_vae import plugins
from keras_vae.checks import checked_data, checked_images
from keras_vae.maths.arrays import blocks, to_uint8, unit
from keras_vae.metrics.features import Extractor
from keras_vae.metrics.frechet import GaussianStatistics, frechet_from_statistics


def fid(
    extractor: Extractor,
    reals: np.ndarray,
    fakes: np.ndarray,
    protocol: str = "clean",
    split: str = "not stated",
    seed: int = 0,
) -> dict[str, typing.Any]:
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
    return plugins.find("keras_vae.metrics.fid_protocols", name, kind="FID protocol")


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


def fid_table(
    extractor: Extractor,
    reals: np.ndarray,
    fakes: Mapping[str, np.ndarray],
    protocol: str = "clean",
    split: str = "not stated",
    seed: int = 0,
) -> dict[str, dict[str, typing.Any]]:
    """{"floor": ..., "downsample": ..., and one row for each entry of `fakes`}, each a result as `fid` gives it.

    fakes       {name: images}, for example {"reconstruction": ..., "sample": ...}; arguments otherwise as of `fid`.

    floor       one half of the real images against the other: what a perfect model would get from half as many images
                (FID is biased upwards, the more the fewer images).
    downsample  the real images at half their resolution and back, against themselves (Table 3 of regularisation
                balance): what details alone can cost.
    All rows treat their second set as the protocol treats fakes, and share one pass over the real images.
    """
    found = protocol_of(protocol)
    reals = chosen_reals(reals, found, seed)
    if len(reals) < 4:
        raise ValueError(f"reals has {len(reals)} images; expected at least 4, for two halves with a covariance each")
    fakes = {name: chosen_fakes(images, reals, found) for name, images in fakes.items()}
    first, second = reals[: len(reals) // 2], reals[len(reals) // 2 :]
    half, held_out = (statistics(extractor, part) for part in (first, second))
    prepared = found.prepare(second)
    as_fakes = held_out if prepared is second else statistics(extractor, prepared)
    whole = half.merged(held_out)

    def row(real_side, fake_side):
        return result(extractor, real_side, fake_side, protocol, split)

    table = {"floor": row(half, as_fakes)}
    for name, images in {"downsample": found.prepare(downsample(reals)), **fakes}.items():
        table[name] = row(whole, statistics(extractor, images))
    return table


def downsample(images: np.ndarray) -> np.ndarray:
    """uint8 images (n, H, W, C) that went to half their resolution and back (128 -> 64 -> 128).

    The paper does not name its filters: here each pixel of the half is the mean of a 2x2 block (where H and W are
    even), and the way back is bilinear.
    """
    images = checked_images(images, "images")
    size = images.shape[1:3]
    half = [(side + 1) // 2 for side in size]

    def there_and_back(block):
        small = tf.image.resize(unit(block), half, method="area")
        return to_uint8(tf.image.resize(small, size, method="bilinear"))

    return np.concatenate([there_and_back(images[block]) for block in blocks(len(images), 256)])
