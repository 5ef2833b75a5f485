"""TensorBoard: groups, descriptions, the layout, one axis over the stages, resumed runs, projector, hyperparameters."""

import json
import pathlib

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.projector import ProjectorConfig
from tensorboard.summary.writer.event_file_writer import EventFileWriter

import keras_vae as kv
from keras_vae.training.callbacks import board_tags, hyperparameters, projector
from keras_vae.training.callbacks.board import Board
from keras_vae.training.callbacks.probe import probe
from tests import tiny

ROOT = pathlib.Path(__file__).resolve().parents[1]
GROUPS = ("balance", "loss", "quality", "speed", "pictures", "codes", "custom_scalars__config__")


def events(folder):
    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def steps(found, tag):
    return [event.step for event in found.Tensors(tag)]


def test_one_axis_goes_on_over_the_stages(run):
    found = [steps(events(run / "tensorboard" / name), "loss/loss") for name in ("ae", "vae", "second")]
    assert found == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_every_tag_is_in_a_group_and_is_described(run):
    for stage in ("ae", "vae", "second"):
        found = events(run / "tensorboard" / stage)
        tags = found.Tags()["tensors"]
        assert {tag.partition("/")[0] for tag in tags} <= set(GROUPS)
        described = [tag for tag in tags if tag.startswith(("balance/", "quality/", "speed/", "pictures/", "codes/"))]
        assert all(found.SummaryMetadata(tag).summary_description for tag in described)
        history = json.loads((run / stage / "history.json").read_text())
        for name in history[-1]:
            assert len(found.Tensors(board_tags.tag(name)[0])) == len(history), name
        assert ("pictures/samples" in tags) == (stage != "ae") and "pictures/reconstructions" in tags


def test_the_guide_names_the_groups_the_pictures_and_the_first_charts():
    guide = (ROOT / "docs" / "guide.md").read_text()
    section = guide.partition("## Watching a training")[2].partition("\n## ")[0]
    named = {tag.partition("/")[0] + "/" for tag, _ in board_tags.SCALARS.values()}
    named |= {f"pictures/{name}" for name in board_tags.PICTURES} | {f"codes/{name}" for name in board_tags.HISTOGRAMS}
    assert [name for name in (*named, next(iter(board_tags.CHARTS))) if name not in section] == []


def test_the_first_charts_answer_whether_it_is_balanced(run):
    """Every chart has tags that some stage writes, as regular expressions that match them alone."""
    written = {
        tag for stage in ("ae", "vae", "second") for tag in events(run / "tensorboard" / stage).Tags()["tensors"]
    }
    content = events(run / "tensorboard" / "vae").Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    layout = layout_pb2.Layout.FromString(content)
    assert layout.category[0].title == "Is it balanced?"
    for category in layout.category:
        for chart in category.chart:
            assert {tag.strip("^$") for tag in chart.multiline.tag} <= written, chart.title


def test_a_resumed_run_goes_on(tmp_path):
    """A process that was killed after epoch 3, whose backup is of epoch 2: what it showed of epoch 3 is replaced.

    Whatever else wrote events before: both of TensorBoard's writers count their files, and in one second the count
    decides which file of a folder is read first.
    """
    stack = kv.Stack([tiny.vae()])
    measured = probe(stack, tiny.images(20))
    for _ in range(9):
        EventFileWriter(str(tmp_path / "others")).close()
    for done, last in ((0, 3), (2, 5)):
        board = Board(tmp_path, 5, seed=0, below=10, done=done, examples=20)
        for epoch in range(done, last):
            board.write(epoch, {"loss": 1.0 + done, "rmse": 0.5, "gamma": 0.25}, stack, measured)
        board.close()
        for path in tmp_path.glob("events.out.tfevents.*") if not done else ():
            path.rename(tmp_path / f"events.out.tfevents.1.{path.name}")  # of a minute ago: they are read by name
    found = events(tmp_path)
    assert steps(found, "loss/loss") == [11, 12, 13, 14, 15]
    values = [float(np.frombuffer(each.tensor_proto.tensor_content, "f")[0]) for each in found.Tensors("loss/loss")]
    assert values == [1, 1, 3, 3, 3]


def test_codes_have_their_images(run):
    folder = run / "tensorboard" / "vae"
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    codes, images = (
        np.loadtxt(folder / config.embeddings[0].tensor_path),
        kv.data.load("faces", "validation", image_size=(16, 24), count=80),
    )
    np.testing.assert_allclose(codes, kv.load(run).encode(images)[0], rtol=1e-3, atol=1e-4)
    table = (folder / config.embeddings[0].metadata_path).read_text().splitlines()
    assert len(table) == len(codes) + 1 and table[0] == "held-out image\tsquared error\tKL"
    width, height = config.embeddings[0].sprite.single_image_dim
    picture = np.asarray(Image.open(folder / config.embeddings[0].sprite.image_path))
    columns = picture.shape[1] // width
    np.testing.assert_array_equal(picture[height : 2 * height, :width], images[columns])  # the first of the second row


@pytest.mark.parametrize("channels", [1, 3])
def test_large_images_are_shrunk_in_a_sprite(channels):
    picture, size = projector.sprite(np.full((10, 200, 100, channels), 7, np.uint8))
    assert size == (24, 48) and picture.shape == (3 * 48, 4 * 24, 3)
    assert (picture[:48, :24] == 7).all()


def test_a_sweep_is_a_table(run):
    found = events(run / "tensorboard").summary_metadata
    content = found[metadata.SESSION_START_INFO_TAG].plugin_data.content
    values = metadata.parse_session_start_info_plugin_data(content).hparams
    assert values["vae.latent_dim"].number_value == 6 and values["dataset"].string_value == "faces"
    experiment = metadata.parse_experiment_plugin_data(found[metadata.EXPERIMENT_TAG].plugin_data.content)
    for metric in experiment.metric_infos:
        assert (run / "tensorboard" / metric.name.group).is_dir()
    assigned = {"vae.model_options.beta": 0.5, "vae.gamma.floor": 0.1, "vae.network_options.hidden": "[8, 4]"}
    changed = [*(f"{name}={value}" for name, value in assigned.items()), "precision=mixed_bfloat16"]
    changed = kv.config.override(tiny.CONFIG, changed)
    added = hyperparameters.hyperparameters(changed).items() - hyperparameters.hyperparameters(tiny.CONFIG).items()
    assert dict(added) == {**assigned, "precision": "mixed_bfloat16"}
