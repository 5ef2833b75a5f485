"""FID: the Frechet distance of generated images by a protocol, with the rows that give it a meaning."""

import typing
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from keras_vae import plugins
from keras_vae.checks import checked_data, checked_images, shown
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks, to_uint8, unit
from keras_vae.metrics.features import Extractor
from keras_vae.metrics.frechet import GaussianStatistics, frechet_from_statistics
from keras_vae.status import Progress


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
    real_side = statistics(extractor, reals, chosen_reals(reals, found, seed))
    fake_side = statistics(extractor, chosen_fakes(fakes, reals, found), prepare=found.prepare)
    return result(extractor, real_side, fake_side, protocol, split)


def protocol_of(name):
    """The module of the protocol of that name."""
    return plugins.find("keras_vae.metrics.fid_protocols", name, kind="FID protocol")


def chosen_reals(reals, protocol, seed):
    """Numbers of the real images that the protocol uses, in the order of a seeded shuffle."""
    checked_seed(seed)
    reals = checked_images(reals, "reals")
    return np.random.default_rng(seed).permutation(len(reals))[: protocol.LIMIT]


def chosen_fakes(fakes, reals, protocol):
    """The fakes that the protocol uses, not yet prepared."""
    return checked_data(fakes, np.shape(reals)[1:], "fakes")[: protocol.LIMIT]


def statistics(extractor, images, rows=None, prepare=lambda block: block):
    """GaussianStatistics of the features of images, those with the numbers `rows`, after `prepare`: batch by batch."""
    if not isinstance(extractor, Extractor):
        raise ValueError(f"extractor is {shown(extractor)}; expected what kv.metrics.features.load gives")
    found = GaussianStatistics()
    for features in extractor.batches(images, rows, prepare):
        found.add(features)
    if not np.any(np.diag(found.covariance)):
        raise ValueError(f"the {extractor.name} features of all {found.count} images are the same; expected variety")
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
    fakes: Mapping[str, np.ndarray | Callable[[], np.ndarray]],
    protocol: str = "clean",
    split: str = "not stated",
    seed: int = 0,
) -> dict[str, dict[str, typing.Any]]:
    """{"floor": ..., "downsample": ..., and one row for each entry of `fakes`}, each a result as `fid` gives it.

    fakes       {name: images}, for example {"reconstruction": ..., "sample": ...}, or functions that make them, one set
                at a time, where all do not fit in memory; arguments otherwise as of `fid`.

    floor       one half of the real images against the other: what a perfect model would get from half as many images
                (FID is biased upwards, the more the fewer images).
    downsample  the real images at half their resolution and back, against themselves (Table 3 of regularisation
                balance): what details alone can cost.
    All rows treat their second set as the protocol treats fakes, and share one pass over the real images.
    """
    if not isinstance(fakes, Mapping):
        raise ValueError(f"fakes is a {type(fakes).__name__}; expected sets of images by name")
    found = protocol_of(protocol)
    rows = chosen_reals(reals, found, seed)
    if len(rows) < 4:
        raise ValueError(f"reals has {len(rows)} images; expected at least 4, for two halves with a covariance each")
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    half, held_out = (statistics(extractor, reals, part) for part in (first, second))
    one = np.asarray(reals[second[:1]])
    as_fakes = held_out if found.prepare(one) is one else statistics(extractor, reals, second, found.prepare)
    whole = half.merged(held_out)

    def row(real_side, fake_side):
        return result(extractor, real_side, fake_side, protocol, split)

    small = statistics(extractor, reals, rows, lambda block: found.prepare(downsample(block)))
    table = {"floor": row(half, as_fakes), "downsample": row(whole, small)}
    for name, images in fakes.items():
        chosen = chosen_fakes(images() if callable(images) else images, reals, found)
        table[name] = row(whole, statistics(extractor, chosen, prepare=found.prepare))
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

    bar = Progress(blocks(len(images), 256), "half resolution and back", unit="blocks")
    return np.concatenate([there_and_back(images[block]) for block in bar])
