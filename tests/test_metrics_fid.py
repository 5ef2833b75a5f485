"""Feature extractors, protocols and the rows beside an FID."""

import hashlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import metrics
from keras_vae.metrics import features, fid_protocols
from keras_vae.metrics.fid import protocol_of
from tests import tiny


def frozen_graph(path, entry="ExpandDims"):
    """A graph with the names and operations of inception-2015-12-05, a mean over all pixels in place of its layers."""
    with tf.Graph().as_default() as graph:
        if entry == "ExpandDims":
            image = tf.constant(np.zeros((7, 7, 3), np.float32), name="Cast")
            resized = tf.raw_ops.ResizeBilinear(images=tf.expand_dims(image, 0, name="ExpandDims"), size=(299, 299))
            tf.multiply(tf.subtract(resized, 128.0, name="Sub"), 1 / 128.0, name="Mul")
        else:
            tf.compat.v1.placeholder(tf.float32, (None, 299, 299, 3), name="Mul")
        small = tf.nn.avg_pool2d(graph.get_tensor_by_name("Mul:0"), 23, 23, "VALID", name="mixed_10/join")
        pooled = tf.nn.avg_pool2d(small, 13, 1, "VALID", name="normed")
        tf.nn.softmax(tf.reshape(pooled, (1, 3), name="pool_3/_reshape"), name="softmax")  # one image at a time
        tf.constant([0.0, 0.0, 0.0], name="zeros")
        tf.constant([1.0, 1.0, 1.0], name="ones")
    definition = graph.as_graph_def()
    definition.versions.producer, definition.versions.min_consumer = 8, 0
    node = definition.node.add(name="pool_3", op="BatchNormWithGlobalNormalization")  # gone from newer graphs
    node.input.extend(["normed", "zeros", "ones", "zeros", "ones"])
    node.attr["T"].type = tf.float32.as_datatype_enum
    node.attr["variance_epsilon"].f, node.attr["scale_after_normalization"].b = 0.0, True
    path.write_bytes(definition.SerializeToString())
    return path


@pytest.mark.parametrize("entry", ["ExpandDims", "Mul"])
def test_a_frozen_tf1_graph(tmp_path, entry):
    path = frozen_graph(tmp_path / "graph.pb", entry)
    extractor = features.load("inception_2015", path=path)
    assert extractor.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    images = np.random.default_rng(0).integers(0, 256, (60, 5, 8, 3), dtype=np.uint8)  # more than one batch
    found = extractor(images)
    resized = tf.raw_ops.ResizeBilinear(images=images.astype(np.float32), size=(299, 299))
    np.testing.assert_allclose(found, (np.mean(resized, axis=(1, 2), dtype=np.float64) - 128) / 128, atol=2e-5)
    grey = extractor(images[..., :1])
    np.testing.assert_allclose(grey, np.repeat(found[:, :1], 3, axis=1), atol=1e-5)
    np.testing.assert_allclose(extractor(images / np.float32(255)), found, atol=1e-5)


def test_what_is_no_frozen_inception(tmp_path):
    with pytest.raises(FileNotFoundError, match="classify_image_graph_def.pb"):
        features.load("inception_2015", path=tmp_path / "none.pb")
    (tmp_path / "text.pb").write_text("no graph at all")
    with pytest.raises(ValueError, match="not a frozen TensorFlow graph|lacks pool_3"):
        features.load("inception_2015", path=tmp_path / "text.pb")
    (tmp_path / "empty.pb").write_bytes(b"")
    with pytest.raises(ValueError, match="lacks pool_3"):
        features.load("inception_2015", path=tmp_path / "empty.pb")
    with pytest.raises(ValueError, match="images has 2 channels"):
        features.load("inception_2015", path=frozen_graph(tmp_path / "g.pb"))(np.zeros((1, 4, 4, 2), np.uint8))


def test_names_and_options():
    assert features.names() == ["classifier", "inception_2015", "inception_keras", "pixels"]
    with pytest.raises(ValueError, match="unknown feature extractor 'vgg'; known: classifier, inception_2015"):
        features.load("vgg")
    with pytest.raises(ValueError, match="pixels takes no option path; it takes: none"):
        features.load("pixels", path="x", data_dir=None)
    with pytest.raises(ValueError, match="inception_2015 needs the option path"):
        features.load("inception_2015")
    with pytest.raises(ValueError, match="can be trained on: mnist, fashion_mnist"):
        features.load("classifier", dataset="celeb_a")


def test_inception_keras_without_network_or_file(monkeypatch, tmp_path):
    def unreachable(**options):
        assert options["weights"] == "imagenet"
        raise Exception("URL fetch failure on https://storage.googleapis.com: None -- Name or service not known")

    monkeypatch.setattr(keras.applications, "InceptionV3", unreachable)
    with pytest.raises(FileNotFoundError, match="cannot be downloaded .URL fetch failure.*notop.h5"):
        features.load("inception_keras")
    with pytest.raises(FileNotFoundError, match="is not a file"):
        features.load("inception_keras", path=tmp_path / "none.h5")


@pytest.mark.slow
def test_inception_keras_from_a_local_file(tmp_path):
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(include_top=False, pooling="avg", weights=None)
    network.save_weights(tmp_path / "random.weights.h5")
    extractor = features.load("inception_keras", path=tmp_path / "random.weights.h5")
    images = tiny.images(2)
    rgb = np.repeat(images / np.float32(255), 3, axis=-1)
    expected = network(tf.image.resize(rgb, (299, 299)) * 2 - 1, training=False)
    np.testing.assert_allclose(extractor(images), expected, rtol=1e-3, atol=1e-5)


def test_the_classifier_is_trained_once_and_cached(monkeypatch, tmp_path):
    module = features.find("classifier")
    random = np.random.default_rng(0)

    def labelled(dataset, split, data_dir):
        labels = random.integers(0, 10, 600)
        return (labels[:, None, None, None] / 10 + 0.02 * random.random((600, 28, 28, 1))).astype(np.float32), labels

    monkeypatch.setattr(module, "labelled", labelled)
    first = features.load("classifier", dataset="mnist", cache_dir=tmp_path)
    assert first.facts["dataset"] == "mnist" and 0.1 < first.facts["accuracy"] <= 1.0
    monkeypatch.delattr(module, "labelled")
    again = features.load("classifier", dataset="mnist", cache_dir=tmp_path)
    assert again.sha256 == first.sha256 and again.facts == first.facts
    images = random.integers(0, 256, (7, 28, 28, 1), dtype=np.uint8)
    assert first(images).shape == (7, 64)
    np.testing.assert_array_equal(first(images), again(images))


@pytest.mark.real_data
def test_images_and_labels_are_in_the_same_order(real_data_dir):
    """Means of two classes of the test split, which a shuffle would make equal: ones have the least ink, zeros most."""
    images, labels = features.find("classifier").labelled("mnist", "test", real_data_dir)
    assert len(images) == len(labels) == 10_000
    ink = [images[labels == digit].mean() for digit in range(10)]
    assert (np.argmin(ink), np.argmax(ink)) == (1, 0)


def test_protocols():
    fakes = np.array([[0.2, 0.4], [0.5, 0.5]], np.float32).reshape(2, 1, 2, 1)
    np.testing.assert_array_equal(protocol_of("clean").prepare(fakes).ravel(), [51, 102, 128, 128])
    np.testing.assert_allclose(protocol_of("dai_wipf").prepare(fakes).ravel(), [0, 1, 0, 0])
    assert protocol_of("dai_wipf").LIMIT == 10_000
    with pytest.raises(ValueError, match="unknown FID protocol 'ttur'; known: clean, dai_wipf"):
        metrics.fid(features.load("pixels"), tiny.images(), tiny.images(), protocol="ttur")
    assert fid_protocols.__doc__


@pytest.mark.parametrize("protocol", ["clean", "dai_wipf"])
def test_fid_is_the_frechet_distance_of_prepared_features(protocol):
    reals, fakes = tiny.images(200), (tiny.images(150, seed=1) // 2 + 30) / np.float32(255)
    pixels = features.load("pixels")
    found = metrics.fid(pixels, reals, fakes, protocol, split="tiny, no crop")
    shown = fakes if protocol == "clean" else tiny.images(150, seed=1) / np.float32(255)
    if protocol == "dai_wipf":
        low, high = fakes.min((1, 2, 3), keepdims=True), fakes.max((1, 2, 3), keepdims=True)
        shown = (fakes - low) / (high - low)
    expected = metrics.frechet_distance(pixels(reals), pixels(shown))
    assert found["value"] == pytest.approx(expected, rel=1e-4)
    assert found == {
        "value": found["value"],
        "protocol": protocol,
        "n_real": 200,
        "n_fake": 150,
        "split": "tiny, no crop",
        "features": "pixels",
        "features_sha256": pixels.sha256,
    }


def test_the_number_of_images_a_protocol_uses(monkeypatch):
    monkeypatch.setattr(protocol_of("dai_wipf"), "LIMIT", 120)
    pixels, reals = features.load("pixels"), tiny.images(200)
    found = metrics.fid(pixels, reals, tiny.images(150, seed=1), "dai_wipf")
    assert (found["n_real"], found["n_fake"]) == (120, 120)
    other = metrics.fid(pixels, reals, tiny.images(150, seed=1), "dai_wipf", seed=1)
    assert other["value"] != found["value"]


@pytest.mark.parametrize("protocol", ["clean", "dai_wipf"])
def test_the_table_beside_an_fid(protocol):
    pixels, reals, fakes = features.load("pixels"), tiny.images(400), tiny.images(300, seed=1)
    table = metrics.fid_table(pixels, reals, {"reconstruction": reals, "sample": lambda: fakes}, protocol)
    assert list(table) == ["floor", "downsample", "reconstruction", "sample"]
    assert table["sample"]["value"] == pytest.approx(metrics.fid(pixels, reals, fakes, protocol)["value"], rel=1e-9)
    assert (table["floor"]["n_real"], table["floor"]["n_fake"]) == (200, 200)
    assert table["reconstruction"]["value"] < (1e-5 if protocol == "clean" else 0.1)
    assert table["downsample"]["value"] > table["floor"]["value"]


def test_downsample():
    """A pattern of single pixels vanishes, a constant image and the size stay."""
    stripes = np.tile(np.array([0, 255], np.uint8), (1, 8, 4)).reshape(1, 8, 8, 1)
    np.testing.assert_array_equal(metrics.downsample(stripes), np.full((1, 8, 8, 1), 128))
    odd = np.full((2, 5, 7, 3), 90, np.uint8)
    np.testing.assert_array_equal(metrics.downsample(odd), odd)


@pytest.mark.parametrize(
    "reals, fakes, message",
    [
        (tiny.images(1), tiny.images(9), "features has 1 rows"),
        (tiny.images(9), np.repeat(tiny.images(1), 9, axis=0), "features of all 9 images are the same"),
        (tiny.images(9), tiny.images(9)[:, 1:], "fakes has shape"),
        (tiny.images(9)[0], tiny.images(9), "reals has shape"),
        (tiny.images(9), np.full((9, *tiny.SHAPE), np.nan, np.float32), "fakes has 216 values that are NaN"),
    ],
)
def test_errors_name_the_argument(reals, fakes, message):
    with pytest.raises(ValueError, match=message):
        metrics.fid(features.load("pixels"), reals, fakes)
