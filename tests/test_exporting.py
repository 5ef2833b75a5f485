"""A run exported as a SavedModel: it says what the live model says, in any process, and appears whole or not at all."""

import io
import json
import struct
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.config import replace
from keras_vae.data.sets import celeb_a
from keras_vae.exporting import export
from keras_vae.exporting.pictures import MOST_PIXELS, bounded
from keras_vae.exporting.screen import Screen
from keras_vae.exporting.signatures import signatures
from keras_vae.metrics.heat_map import heat_map
from keras_vae.models.codec import Codec
from keras_vae.training.building import build_stage
from tests import tiny

SHAPE = (16, 24, 3)
BYTES = (
    "decode_png",
    "encode_bytes",
    "reconstruct_bytes",
    "reconstruct_png",
    "sample_png",
    "score_bytes",
    "screen_bytes",
)
PIXELS = ("encode_uint8", "reconstruct_uint8", "sample_uint8", "score_uint8", "screen_uint8")
ALL = {
    *("decode", "encode", "latent_table", "reconstruct", "sample", "sample_at_temperature", "sample_first_stage"),
    *("score", "screen", "serving_default", *PIXELS, *BYTES),
}


def picture(random, height, width, kind):
    """The bytes of a smooth random picture."""
    small = PIL.Image.fromarray(random.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    file = io.BytesIO()
    small.resize((width, height)).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """48 PNG and JPEG files of different sizes."""
    root, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for split, count in (("train", 32), ("validation", 8), ("test", 8)):
        (root / split).mkdir()
        for number in range(count):
            kind = ("PNG", "JPEG")[number % 2]
            encoded = picture(random, *random.integers(20, 60, 2), kind)
            (root / split / f"{number:02}.{kind.lower()}").write_bytes(encoded)
    return root


@pytest.fixture(scope="module")
def served(exported):
    loaded = tf.saved_model.load(exported)  # owns the variables, and must outlive its signatures
    yield loaded.signatures


def held_out(folder):
    return kv.data.load("folder", "test", data_dir=str(folder), image_size=SHAPE[:2])


def test_what_several_signatures_do_is_one_graph(stack):
    """However the images come, or the answer goes: a graph for each would take twice the time to export and to load."""
    screen = Screen.of(stack, np.zeros((4, *SHAPE), np.uint8))
    offered = signatures(stack.codec, lambda encoded: tf.zeros(SHAPE, tf.uint8), screen=screen)

    def called(name):
        nodes = offered[name].traced().get_concrete_function().graph.as_graph_def().node
        return {node.attr["f"].func.name for node in nodes if node.op.endswith("PartitionedCall")}

    for names in (
        ("encode", "encode_uint8", "encode_bytes"),
        ("reconstruct", "reconstruct_uint8", "reconstruct_bytes", "reconstruct_png"),
        ("score", "score_uint8", "score_bytes", "screen", "screen_uint8", "screen_bytes"),
        ("decode", "decode_png"),
        ("sample", "sample_uint8", "sample_png"),
    ):
        assert set.intersection(*map(called, names)), names


def test_every_signature_has_a_free_batch_and_plain_types(served):
    assert set(served) == ALL
    for name, function in served.items():
        specs = [*function.structured_input_signature[1].values(), *function.structured_outputs.values()]
        assert all(spec.shape.rank and spec.shape[0] is None for spec in specs), name
        assert {spec.dtype for spec in specs} <= {tf.float32, tf.int64, tf.uint8, tf.bool, tf.string}, name


def test_a_process_without_the_project_gives_the_live_answers(stack, exported, folder, tmp_path):
    images = held_out(folder)
    np.save(tmp_path / "images.npy", images)
    script = f"""
import sys, numpy as np, tensorflow as tf
served = tf.saved_model.load({str(exported)!r}).signatures
images = np.load("images.npy")
seeds = (np.int64(7) << np.int64(32)) + np.arange(5)
unit = images.astype(np.float32) / np.float32(255)
answers = {{"encode": served["encode"](images=unit), "score": served["score"](images=unit)}}
answers["reconstruct"] = served["reconstruct_uint8"](images=images)
answers["sample"], answers["first"] = served["sample"](seed=seeds), served["sample_first_stage"](seed=seeds)
np.savez("answers.npz", **{{f"{{a}}_{{b}}": value for a, found in answers.items() for b, value in found.items()}})
assert not any(name.split(".")[0] in ("keras_vae", "tensorflow_probability") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    answers = np.load(tmp_path / "answers.npz")
    mean, stddev = stack.encode(images)
    expected = {"encode_mean": mean, "encode_stddev": stddev, "reconstruct_images": stack.reconstruct(images)}
    expected |= {f"score_{name}": value for name, value in stack.score(images).items()}
    expected |= {"sample_images": stack.sample(5, 7), "first_images": stack.sample(5, 7, stage="vae")}
    error = (images / np.float32(255) - stack.reconstruct(images)) ** 2
    expected["reconstruct_squared_error"] = np.sum(error, axis=(1, 2, 3))
    for name, value in expected.items():
        np.testing.assert_allclose(answers[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_bytes_are_seen_as_training_saw_them(served, folder):
    """No preprocessing skew: from the files themselves, exactly what the loaded pixels give."""
    files = sorted((folder / "test").iterdir())
    encoded, images = np.array([file.read_bytes() for file in files], object), held_out(folder)
    for name in ("encode", "reconstruct", "score"):
        of_bytes, of_pixels = served[f"{name}_bytes"](image_bytes=encoded), served[f"{name}_uint8"](images=images)
        for key, value in of_pixels.items():
            np.testing.assert_array_equal(of_bytes[key], value, err_msg=f"{name} {key}")


def test_the_header_is_read_before_the_pixels():
    """A picture of too many pixels is refused, whatever it would decode to; other bytes are no picture."""
    read = tf.function(
        bounded(lambda encoded: tf.strings.length(encoded)), input_signature=[tf.TensorSpec((), tf.string)]
    )
    random = np.random.default_rng(0)
    for kind in ("PNG", "JPEG"):
        encoded = picture(random, 30, 40, kind)
        assert read(encoded) == len(encoded)
    encoded = picture(random, 30, 40, "PNG")
    for height, width in ((MOST_PIXELS, 2), (0, 5), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="more than 33,554,432 pixels"):
            read(encoded[:16] + struct.pack(">II", width, height) + encoded[24:])
    another_first = encoded[:8] + struct.pack(">I4sII4s", 8, b"prVt", 64, 64, b"crc.") + encoded[8:]
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 33,554,432 pixels, or none"):
        read(another_first)
    encoded = picture(random, 30, 40, "JPEG")
    place = encoded.rindex(b"\xff\xda")
    scan = encoded[place:-2]
    assert read(encoded[:place] + scan * 100) > 0
    with pytest.raises(tf.errors.InvalidArgumentError, match="a JPEG has more than 100 scans"):
        read(encoded[:place] + scan * 101)
    encoded = picture(random, 30, 40, "PNG")
    for broken in (b"", b"GIF89a", encoded[:20], picture(random, 30, 40, "JPEG")[:9]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            read(broken)


@pytest.mark.real_data
def test_photographs_are_cropped_as_training_cropped_them(real_data_dir):
    import tensorflow_datasets as tfds

    builder = tfds.builder("celeb_a", data_dir=real_data_dir)
    raw = builder.as_dataset("test[:4]", decoders={"image": tfds.decode.SkipDecoding()})
    encoded = [example["image"] for example in raw.as_numpy_iterator()]
    images = kv.data.load("celeb_a", "test", data_dir=real_data_dir, image_size=(64, 64), limit=4)
    read = tf.function(lambda one: celeb_a.read(one, (64, 64, 3)))
    np.testing.assert_array_equal([read(one) for one in encoded], images)
    cut_out = tf.io.encode_png(images[0])
    np.testing.assert_array_equal(read(cut_out), images[0])


def test_png_signatures_are_the_images(served):
    seeds = np.arange(3, dtype=np.int64)
    images = served["sample"](seed=seeds)["images"].numpy()
    for png, image in zip(served["sample_png"](seed=seeds)["image_bytes"].numpy(), images, strict=True):
        pixels = np.asarray(PIL.Image.open(io.BytesIO(png)), np.float64)
        assert (
            np.abs(pixels - 255.0 * image).max() <= 0.5 + 255 * tiny.ROUNDING
        )  # two graphs: a tie may fall either way


def test_uint8_samples_are_the_images(served):
    seeds = np.arange(3, dtype=np.int64)
    images = served["sample"](seed=seeds)["images"].numpy()
    np.testing.assert_array_equal(served["sample_uint8"](seed=seeds)["images"], np.round(images * 255))


def test_strangeness_is_the_share_of_held_out_images_that_are_less_strange(stack, served):
    """Of the n held-out images themselves the shares are 0, 1/n, ...; what was never seen is stranger than all."""
    images = kv.data.load("faces", "validation", **tiny.CONFIG.data_options)
    found = {name: value.numpy() for name, value in served["screen_uint8"](images=images).items()}
    order = np.argsort(-stack.score(images)["elbo"])  # two graphs: neighbours may change places
    np.testing.assert_allclose(found["strangeness_elbo"][order], np.arange(len(images)) / len(images), atol=0.05)
    assert all(
        values.min() >= 0 and values.max() < 1 for key, values in found.items() if key != "strangeness_png_bytes"
    )
    noise = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
    strange = served["screen_uint8"](images=noise)
    assert np.all(strange["strangeness_reconstruction"] == 1) and np.all(strange["strangeness"] > 0.8)
    pictures = [np.asarray(PIL.Image.open(io.BytesIO(png))) for png in strange["strangeness_png_bytes"].numpy()]
    assert [picture.shape for picture in pictures] == [SHAPE] * 2


def test_the_heat_is_where_the_error_is():
    images = np.full((1, 8, 8, 3), 0.5, np.float32)
    reconstructions = images.copy()
    reconstructions[0, 2, 5] = 1.0
    picture = heat_map(images, reconstructions, 0.01).numpy()[0].astype(int)
    hot = np.abs(picture - picture[0, 0]).sum(axis=-1)
    assert np.argwhere(hot).tolist() == [[2, 5]]


def test_a_seed_is_an_image(served):
    """Whatever else is in the batch; negative and huge seeds too."""
    seeds = np.array([5, -1, 2**63 - 1, -(2**63), 0], np.int64)
    together = served["sample"](seed=seeds)["images"].numpy()
    for row, seed in enumerate(seeds):
        alone = served["sample"](seed=seeds[row : row + 1])["images"].numpy()
        np.testing.assert_allclose(alone[0], together[row], atol=tiny.ROUNDING, err_msg=str(seed))
    assert len(np.unique(np.round(together, 4), axis=0)) == len(seeds)


def test_temperature(served):
    seeds = np.arange(4, dtype=np.int64)
    sample = served["sample_at_temperature"]
    ones = sample(seed=seeds, temperature=np.ones(4, np.float32))["images"].numpy()
    np.testing.assert_allclose(ones, served["sample"](seed=seeds)["images"], atol=tiny.ROUNDING)
    mixed = sample(seed=seeds, temperature=np.array([0, 0, 1, 2], np.float32))["images"].numpy()
    np.testing.assert_allclose(mixed[0], mixed[1], atol=tiny.ROUNDING)
    np.testing.assert_allclose(mixed[2], ones[2], atol=tiny.ROUNDING)
    assert np.abs(mixed[3] - ones[3]).max() > 1e-4


def test_metrics_agree(stack, exported, served, folder):
    """The same metric, of the live stack and of the SavedModel."""
    images = held_out(folder)

    def encode(x):
        found = served["encode"](images=tf.cast(x, tf.float32) / (255.0 if x.dtype == np.uint8 else 1.0))
        return found["mean"], found["stddev"]

    def decode(z):
        return served["decode"](codes=tf.convert_to_tensor(z))["images"]

    live = kv.metrics.model_reconstruction_error(stack.encode, stack.decode, images)
    shipped = kv.metrics.model_reconstruction_error(encode, decode, images)
    for origin in ("mean", "sample"):
        np.testing.assert_allclose(shipped[origin]["l2"], live[origin]["l2"], rtol=1e-5)
    live = kv.metrics.importance_weighted_nll(stack, images, samples=5)
    gamma = json.loads((exported / "assets.extra" / "manifest.json").read_text())["gamma"]
    shipped = kv.metrics.importance_sampling(encode, decode, gamma, images, samples=5)
    np.testing.assert_allclose(shipped, live, rtol=1e-4)


def test_the_manifest_and_the_latent_table(stack, exported, served):
    manifest = json.loads((exported / "assets.extra" / "manifest.json").read_text())
    assert manifest["latent_dim"] == 6 and manifest["image_shape"] == list(SHAPE) and manifest["metrics"] == {}
    assert manifest["stages"] == ["ae", "vae", "second"] and manifest["inference_stage"] == "vae"
    described = manifest["signatures"]["encode_bytes"]
    assert described["inputs"]["image_bytes"]["dtype"] == "string" and set(described["outputs"]) == {"mean", "stddev"}
    table = served["latent_table"](dimension=np.arange(6))
    np.testing.assert_array_equal(table["active"], stack.active_dims)
    assert np.all(table["latent_stddev"] > 0)


def test_warm_up_requests_run(exported, served):
    from tensorflow_serving.apis import prediction_log_pb2

    seen = []
    for record in tf.data.TFRecordDataset(str(exported / "assets.extra" / "tf_serving_warmup_requests")):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        inputs = {name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()}
        served[request.model_spec.signature_name](**inputs)
        seen.append(request.model_spec.signature_name)
    assert set(seen) == ALL


def test_points_have_no_pictures(points, tmp_path):
    served = tf.saved_model.load(export(points, tmp_path / "vae")).signatures
    assert set(served) == ALL - {*BYTES, *PIXELS, "sample_first_stage"}
    assert served["sample"](seed=np.arange(4))["images"].shape == (4, 6)


def test_half_precision_stays_inside():
    config, shape, stages = replace(tiny.CONFIG, precision="mixed_bfloat16"), SHAPE, []
    for index, stage in enumerate(config.stages):
        stages.append(build_stage(config, index, shape))
        shape = (stage.latent_dim,)
    for name, signature in signatures(Codec(stages)).items():
        outputs = signature.traced().get_concrete_function().structured_outputs
        assert {spec.dtype for spec in outputs.values()} <= {tf.float32, tf.bool, tf.string, tf.uint8}, name
