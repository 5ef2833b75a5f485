"""The Inception network of the published FIDs: the frozen TF1 graph inception-2015-12-05.

Heusel et al. (2017) and Dai and Wipf (2019) feed `ExpandDims:0` with RGB images of values 0 to 255 in their own size;
the graph itself resizes them to 299x299 (bilinear, TF1's corners) and computes (x - 128) / 128. TF-GAN's copy of the
graph begins after that, at `Mul:0`, and is fed with the same numbers. Features are `pool_3:0`.
"""

import hashlib
import pathlib

import tensorflow as tf

from keras_vae.metrics.features._extractor import Extractor
from keras_vae.metrics.features._rgb import INCEPTION_SIZE, rgb

FILE = "classify_image_graph_def.pb"
ARCHIVE = "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"
FEATURES = "pool_3"


def extractor(*, path):
    """2048 features of the frozen graph in the file `path`."""
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"path {str(path)!r} is not a file; expected {FILE}, which is in {ARCHIVE}")
    content = path.read_bytes()
    return Extractor("inception_2015", hashlib.sha256(content).hexdigest(), _function(content, path), batch_size=50)


def _function(content, path):
    """The graph from its input to its features, as a function of float32 images in [0, 1]."""
    definition = tf.compat.v1.GraphDef()
    try:
        definition.ParseFromString(content)
    except Exception as error:  # protobuf's own DecodeError, from a module of its backend's choice
        raise ValueError(f"path {str(path)!r} is not a frozen TensorFlow graph ({error}); expected {FILE}") from None
    names = {node.name for node in definition.node}
    entries = [name for name in ENTRIES if name in names]
    if FEATURES not in names or not entries:
        raise ValueError(f"the graph in {str(path)!r} lacks {FEATURES}, or {' and '.join(ENTRIES)}; expected {FILE}")
    entry = entries[0]
    # A session, because its graph keeps the version of 2015: in a tf.function the batch normalisation of the file,
    # BatchNormWithGlobalNormalization, is an operation that was removed.
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, (None, None, None, 3))
        given = {f"{entry}:0": ENTRIES[entry](255.0 * images)}
        (pooled,) = tf.graph_util.import_graph_def(definition, given, [f"{FEATURES}:0"], name="")
        features = tf.reshape(pooled, (tf.shape(images)[0], -1))
    session = tf.compat.v1.Session(graph=graph)
    return lambda batch: session.run(features, {images: rgb(batch)})


def _standardised(images):
    """Images resized and standardised, as the full graph does between `ExpandDims` and `Mul`."""
    resized = tf.raw_ops.ResizeBilinear(images=images, size=INCEPTION_SIZE)  # tf.image.resize has other corners
    return (resized - 128.0) / 128.0


ENTRIES = {"ExpandDims": lambda images: images, "Mul": _standardised}  # the first that a graph has is fed
