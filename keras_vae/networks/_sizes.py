"""Sizes that a network can take, of data and codes, and errors that name the nearest legal ones."""

from keras_vae.checks import shown, whole


def check_sizes(shape, latent_dim):
    """Refuse a shape of data, and a number of dimensions, that no network takes: for Keras some are errors of its own,
    and with some it makes layers of nothing."""
    whole("latent_dim", latent_dim)
    try:
        sides = [whole("a side", side) for side in shape]
    except (TypeError, ValueError):
        sides = []
    if not sides:
        raise ValueError(
            f"shape is {shown(shape)}; expected (height, width, channels) of images, or (d,) of points, in whole "
            "numbers of at least 1"
        )


def halvings(height, width, smallest):
    """Return the number of stride-2 layers that bring the smaller side to `smallest` or just above it."""
    return max((min(height, width) // smallest).bit_length() - 1, 0)


def is_halvable(height, width, smallest):
    """Return whether both sides can be halved without remainder until the smaller is at (or just above) `smallest`."""
    times = halvings(height, width, smallest)
    return times >= 1 and height % 2**times == 0 and width % 2**times == 0


def image_size(shape, network, is_legal=lambda height, width: True):
    """(height, width) of `shape` = (H, W, C); ValueError names the nearest sizes for which `is_legal(H, W)`."""
    if len(shape) != 3:
        raise ValueError(f"network {network} works on images of shape (height, width, channels), got shape {shape}")
    height, width, _ = shape
    if not is_legal(height, width):
        near = " or ".join(f"{h}x{w}" for h, w in nearest_sizes(height, width, is_legal))
        raise ValueError(f"network {network} cannot take {height}x{width} images (height x width); nearest: {near}")
    return height, width


def nearest_sizes(height, width, is_legal, count=2):
    """`count` legal sizes with the smallest total change of both sides; among equals, those that change both alike."""
    found, distance = [], 1
    while len(found) < count:
        changes = {(rows, sign * (distance - abs(rows))) for rows in range(-distance, distance + 1) for sign in (-1, 1)}
        for rows, columns in sorted(changes, key=lambda change: (abs(change[0] - change[1]), change)):
            size = height + rows, width + columns
            if min(size) > 0 and is_legal(*size):
                found.append(size)
        distance += 1
    return found[:count]


def code_channels(latent_dim, rows, columns, network):
    """Channels of a rows x columns map of `latent_dim` numbers; ValueError names the nearest legal latent_dims."""
    places = rows * columns
    if latent_dim % places:
        below = latent_dim // places * places
        near = " or ".join(str(dim) for dim in (below, below + places) if dim)
        raise ValueError(
            f"network {network} has a code map of {rows}x{columns} places at this image size, so latent_dim must be "
            f"a multiple of {places}, got {latent_dim}; nearest: {near} (--set STAGE.latent_dim=..., ae say)"
        )
    return latent_dim // places
