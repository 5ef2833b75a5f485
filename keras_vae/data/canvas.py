"""Anti-aliased painting on a batch of images at once, in NumPy.

A shape is a signed distance [n, H, W] in units of half the image's shorter side, negative inside. Parameters of shapes
are arrays [n, 1, 1] or numbers; colours are [n, 3] or one triple.
"""

import copy

import numpy as np


class Canvas:
    """n images of one size, painted layer upon layer."""

    def __init__(self, count, height, width):
        self.pixel = np.float32(2 / min(height, width))
        self.y = ((np.arange(height, dtype=np.float32) + 0.5 - height / 2) * self.pixel).reshape(1, height, 1)
        self.x = ((np.arange(width, dtype=np.float32) + 0.5 - width / 2) * self.pixel).reshape(1, 1, width)
        self.planes = [np.empty((count, height, width), np.float32) for _ in range(3)]

    def part(self, rows, columns):
        """A canvas that is a view of some rows and columns (slices) of this one: painting a part costs less."""
        part = copy.copy(self)
        part.planes = [plane[:, rows, columns] for plane in self.planes]
        part.y, part.x = self.y[:, rows], self.x[:, :, columns]
        return part

    def cover(self, distance, softness=0.0):
        """Share of each pixel that a shape covers, in [0, 1]: an edge one pixel wide, or `softness` wider."""
        return np.clip(0.5 - distance / (self.pixel + np.float32(softness)), 0, 1)

    def paint(self, colour, cover):
        """Lay a colour over what is there, where `cover` is 1, and mix it where it is less."""
        for plane, value in zip(self.planes, channels(colour), strict=True):
            plane += cover * (value - plane)

    def shade(self, light):
        """Make what is there lighter or darker by the factor `light` [n, H, W]."""
        for plane in self.planes:
            plane *= light

    def images(self):
        """uint8 [n, H, W, 3]."""
        return np.rint(np.clip(np.stack(self.planes, axis=-1), 0, 1) * 255).astype(np.uint8)


def channels(colour):
    """Red, green and blue of a colour, each of a shape that broadcasts to [n, H, W]."""
    return np.asarray(colour, np.float32).reshape(-1, 3).T[:, :, None, None]


def ellipse(x, y, width, height):
    """The distance to an ellipse around the origin with these half axes: close to the true one near the edge."""
    radial = np.square(x / width) + np.square(y / height)
    slope = np.sqrt(np.square(x / (width * width)) + np.square(y / (height * height)) + np.float32(1e-6))
    return np.float32(0.5) * (radial - 1) / slope


def smoothstep(value, low, high):
    """0 below `low`, 1 above `high`, smooth between."""
    unit = np.clip((value - low) / (high - low), 0, 1)
    return unit * unit * (3 - 2 * unit)


def blob(x, y, width, height):
    """A soft spot around the origin, 1 in its middle, in [0, 1]."""
    return np.exp(-np.square(x / width) - np.square(y / height))


def between(colours, position):
    """The colours [n, 3] at `position` [n] in [0, 1] along a list of colours, each written as 0xRRGGBB."""
    stops = np.array([[c >> 16, c >> 8 & 255, c & 255] for c in colours], np.float32) / 255
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(position, at, stops[:, k]) for k in range(3)], axis=-1).astype(np.float32)
