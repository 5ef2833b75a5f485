"""Screen: the signature that says how strange an image is beside held-out ones, and where."""

import dataclasses

from keras_vae.exporting.pictures import encode_png
from keras_vae.metrics.heat_map import heat_map, unit_of_heat
from keras_vae.metrics.strangeness import HeldOut, strangeness


@dataclasses.dataclass(frozen=True)
class Screen:
    """Scores of held-out images, and the scale of their squared errors per pixel; None for points."""

    held_out: HeldOut
    pixel_error: float | None

    @classmethod
    def of(cls, stack, images):
        """Screen of a Stack on held-out images (n, *data_shape)."""
        held_out = HeldOut.of(stack.score(images))
        if len(stack.data_shape) != 3:
            return cls(held_out, None)
        return cls(held_out, unit_of_heat(images, stack.reconstruct(images)))


def screening(screen, images, scores, reconstruct):
    """images (n, *data_shape) in [0, 1] and their scores -> the dict of `strangeness`, each (n,), and for images
    "strangeness_png_bytes"."""
    found = strangeness(screen.held_out, scores)
    if screen.pixel_error is not None:
        heat = heat_map(images, reconstruct(images), screen.pixel_error)
        found["strangeness_png_bytes"] = encode_png(heat)  # REST encodes as bytes only what is named so
    return found
