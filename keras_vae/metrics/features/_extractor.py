"""Extractor: features of images, with what identifies them."""

import dataclasses
import hashlib
import typing
from collections.abc import Callable, Iterator

import numpy as np

from keras_vae.checks import checked_images
from keras_vae.maths.arrays import blocks, unit
from keras_vae.status import Progress


@dataclasses.dataclass(frozen=True)
class Extractor:
    """A function from images to features, with what identifies it.

    name      of its plug-in.
    sha256    of its weights: Frechet distances compare only where name and sha256 are equal.
    function  float32 images (batch, H, W, C) in [0, 1] -> features (batch, d).
    facts     whatever else a reader should know, for example the accuracy of a classifier.
    """

    name: str
    sha256: str
    function: Callable[[typing.Any], typing.Any]
    batch_size: int = 100
    facts: dict[str, typing.Any] = dataclasses.field(default_factory=dict)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features (n, d) float32 of images (n, H, W, C), uint8 or float32 in [0, 1]."""
        return np.concatenate(list(self.batches(images)))

    def batches(
        self,
        images: np.ndarray,
        rows: np.ndarray | None = None,
        prepare: Callable[[np.ndarray], np.ndarray] = lambda block: block,
    ) -> Iterator[np.ndarray]:
        """The same, batch by batch, of the images with the numbers `rows`, each batch after prepare(images)."""
        images = checked_images(images, "images")
        slices = blocks(len(images) if rows is None else len(rows), self.batch_size)
        for block in Progress(slices, f"{self.name} features", unit="batches"):
            batch = images[block if rows is None else rows[block]]
            yield np.asarray(self.function(unit(prepare(batch))), np.float32)


def weights_sha256(weights):
    """SHA-256 of a list of arrays: of their values, whatever file they came in."""
    digest = hashlib.sha256()
    for array in weights:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
