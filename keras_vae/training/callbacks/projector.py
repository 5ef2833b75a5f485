"""Projector of TensorBoard: the codes of held-out data as points in space, each with its image."""

import numpy as np
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins.projector import ProjectorConfig

from keras_vae.data.grids import grid
from keras_vae.files import write_atomically, write_text
from keras_vae.maths.arrays import to_uint8, unit
from keras_vae.maths.gaussians import kl_divergence, squared_error

THUMBNAIL = 48  # pixels of the longer side, at most
SPRITE = 8192  # pixels of a side that browsers show, at most


def write(folder, name, probe):
    """Write the posterior means of a Probe, with its images where it has them, to TensorBoard's `folder` of a stage."""
    config = ProjectorConfig()
    codes = config.embeddings.add(tensor_name=f"codes of stage {name}", tensor_path="codes.tsv")
    codes.metadata_path = "codes-metadata.tsv"
    error = np.asarray(squared_error(unit(probe.images), probe.reconstructions))
    columns = {"squared error": error}
    if probe.stochastic:
        columns["KL"] = np.asarray(kl_divergence(probe.mean, probe.stddev))
    table = [
        ["held-out image", *columns],
        *([str(i), *map(_digits, row)] for i, row in enumerate(zip(*columns.values()))),
    ]
    write_text(folder / "codes.tsv", _lines([map(_digits, code) for code in probe.mean]))
    write_text(folder / codes.metadata_path, _lines(table))
    if probe.images.ndim == 4:
        picture, size = sprite(probe.images)
        codes.sprite.image_path = "codes.png"
        codes.sprite.single_image_dim.extend(size)
        write_atomically(folder / "codes.png", lambda file: Image.fromarray(picture).save(file, format="PNG"))
    write_text(folder / "projector_config.pbtxt", text_format.MessageToString(config))


def sprite(images):
    """One uint8 picture of images (n, h, w, c), square in their number, and the (width, height) of each in it."""
    columns = int(np.ceil(np.sqrt(len(images))))
    height, width = images.shape[1:3]
    scale = min(1.0, min(THUMBNAIL, SPRITE // columns) / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale < 1.0:
        images = np.stack([_resized(image, size) for image in to_uint8(unit(images))])
    return grid(images, columns, margin=0), size


def _resized(image, size):
    picture = Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
    return np.asarray(picture.resize(size, Image.Resampling.BOX)).reshape(size[1], size[0], -1)


def _digits(value):
    return f"{value:.5g}"


def _lines(rows):
    return "".join("\t".join(row) + "\n" for row in rows)
