"""evaluate.py --screen: folders normal/ and abnormal/, thresholds, and the page with the pictures at both ends."""

import json
import re
import shutil
from html import escape

import numpy as np
import pytest
from PIL import Image

import keras_vae as kv
from keras_vae import report
from keras_vae.data import labelled
from keras_vae.data.sets import faces
from keras_vae.evaluation import evaluate
from keras_vae.evaluation.evaluation import Evaluation
from keras_vae.evaluation.parts.outliers import SHOWN
from keras_vae.metrics.strangeness import HeldOut, strangeness
from tests import tiny

SIZE = (16, 24)


def save(folder, images, kind="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:02d}.{kind}")


def drawn(count, size=SIZE, seed=0):
    return faces.draw(np.random.default_rng(seed).random((count, len(faces.FACTORS))), size)


def noise(count, size=SIZE, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3), dtype=np.uint8)


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the small run that a test may write to."""
    return shutil.copytree(run, tmp_path / "run")


def tables(found):
    """{title: rows as dictionaries} of results.json; columns that share a name are left out."""
    return {each["title"]: [dict(zip(each["columns"], row)) for row in each["rows"]] for each in found["tables"]}


def test_noise_is_told_from_faces_with_thresholds_and_pictures(copy, tmp_path):
    save(tmp_path / "test" / "normal", drawn(60))
    save(tmp_path / "test" / "abnormal" / "deep <b>", noise(20))
    found = evaluate(copy, ["outliers"], screen=str(tmp_path / "test"), false_alarms=0.1)
    ranked, thresholds = tables(found)["Screening: test"], tables(found)["Thresholds, screening: test"]
    for row in ranked[:3]:  # in nats
        assert row["AUROC"] == row["AUPR"] == 1 and row["false alarms at 95% found"] == 0
    assert [row["chosen by"] for row in thresholds[:3]] == ["0.1, of validation images", "0.1, of normal", "best F1"]
    assert len(thresholds) == 9
    for row in thresholds[3:]:
        assert row["recall"] == 1 and row["false alarms"] < 0.5, row
        assert row["precision"] == 1 or row["chosen by"] != "best F1"
    assert found["tables"][0]["note"].startswith("60 normal pictures, 20 abnormal pictures as outliers")
    assert "chosen by 30 and 10 of normal and abnormal, and judged on the other 30 and 10" in found["tables"][1]["note"]

    groups = {}
    for entry in found["screened"]:
        strange = float(entry["caption"].removeprefix("strangeness "))
        groups.setdefault(entry["group"].partition(": test: ")[2], []).append((strange, entry["title"]))
        with Image.open(copy / entry["file"]) as image:
            assert image.width > image.height, "the picture, and its heat map beside it"
    assert list(groups) == [
        f"{kind}, {end} first" for kind in ("abnormal", "normal") for end in ("strangest", "least strange")
    ]
    for name, members in groups.items():
        ranks = [strange for strange, _ in members]
        assert ranks == sorted(ranks, reverse="least" not in name) and len(ranks) == SHOWN
        assert all(title.startswith(name.partition(",")[0]) for _, title in members)
    assert len({entry["title"] for entry in found["screened"]}) == 4 * SHOWN, "each once, by the name of its file"

    page = report.write(copy).read_text(encoding="utf-8")
    assert "Strangest and least strange" in page and "<b>/" not in page
    assert all(escape(entry["title"]) in page for entry in found["screened"])
    assert page.count("data:image/png;base64") >= 4 * SHOWN
    evaluate(copy, ["reconstruction"])
    kept = json.loads((copy / "results.json").read_text())
    assert kept["screened"] == found["screened"], "measuring something else loses none of it"


def test_numbers_are_those_of_what_an_export_says(copy, tmp_path, stack):
    """A threshold of the table, on the strangeness of the same pictures, does what the table says."""
    save(tmp_path / "t" / "normal", drawn(40))
    save(tmp_path / "t" / "abnormal", drawn(30, seed=9)[:, ::-1])  # upside down
    found = evaluate(copy, ["outliers"], screen=str(tmp_path / "t"), false_alarms=0.2)
    validation = kv.data.load("faces", "validation", **tiny.CONFIG.data_options)
    held_out = HeldOut.of(stack.score(validation))
    normal, abnormal = (
        strangeness(held_out, stack.score(images))["strangeness"].numpy()
        for images in (drawn(40), drawn(30, seed=9)[:, ::-1])
    )
    row = tables(found)["Thresholds, screening: t"][0]
    of_validation = strangeness(held_out, stack.score(validation))["strangeness"].numpy()
    assert np.mean(of_validation > row["threshold"]) <= 0.2 < np.mean(of_validation >= row["threshold"]) + 0.05
    assert row["false alarms"] == np.mean(normal > row["threshold"])
    assert row["recall"] == np.mean(abnormal > row["threshold"])
    alarms = np.sum(normal > row["threshold"]), np.sum(abnormal > row["threshold"])
    assert row["precision"] == pytest.approx(alarms[1] / sum(alarms))
    shares = {row["score"]: row for row in tables(found)["Screening: t"]}
    assert shares["strangeness"]["AUROC"] == kv.metrics.auroc(normal, abnormal)


def test_one_picture_of_a_kind_says_what_it_cannot_give(copy, tmp_path):
    save(tmp_path / "one" / "normal", drawn(1))
    save(tmp_path / "one" / "abnormal", noise(1))
    found = evaluate(copy, ["outliers"], screen=str(tmp_path / "one"))
    assert found["tables"][0]["rows"][0][1:] == [1.0, None, None, 1.0, None, None, 0.0]
    thresholds = tables(found)["Thresholds, screening: one"]
    assert thresholds[0]["recall"] == 1 and thresholds[1]["threshold"] is thresholds[2]["threshold"] is None
    assert "Not measured: best F1: it needs two images of either kind" in found["tables"][1]["note"]
    assert [entry["title"] for entry in found["screened"]] == ["abnormal/00.png", "normal/00.png"]
    assert "–" in report.write(copy).read_text(encoding="utf-8")


def test_equal_pictures_have_equal_scores(copy, tmp_path):
    """All abnormal ones are one picture, and normal too: the score says nothing, and the page that it does not."""
    picture = drawn(1)
    save(tmp_path / "same" / "normal", np.repeat(picture, 6, axis=0))
    save(tmp_path / "same" / "abnormal", np.repeat(picture, 4, axis=0))
    found = evaluate(copy, ["outliers"], screen=str(tmp_path / "same"))
    for row in found["tables"][0]["rows"]:
        if row[0] != "importance-weighted likelihood, 50 draws":  # each draws for itself
            assert row[1:] == pytest.approx([0.5, 0.5, 0.5, 0.4, 0.4, 0.4, 1.0]), row
    best = tables(found)["Thresholds, screening: same"][2]
    assert best["threshold"] == "below all" and best["recall"] == best["false alarms"] == 1
    assert "0.05, of normal: a rate of 0.05 needs 19 inlier scores, at least; there are 3" in found["tables"][1]["note"]


def test_pictures_of_any_size_are_read_as_the_folder_of_a_run(tmp_path):
    large = drawn(3, (40, 36))
    for kind in ("normal", "abnormal"):
        save(tmp_path / "test" / kind, large, "jpg")
    save(tmp_path / "run" / "train", large, "jpg")
    found = labelled.load(tmp_path / "test", (*SIZE, 3), 10, seed=0)
    expected = kv.data.load("folder", "train", data_dir=str(tmp_path / "run"), image_size=SIZE)
    np.testing.assert_array_equal(found["normal"].images, expected)
    assert found["abnormal"].names == [f"abnormal/{number:02d}.jpg" for number in range(3)]
    grey = labelled.load(tmp_path / "test", (8, 8, 1), 2, seed=3)["normal"]
    assert grey.images.shape == (2, 8, 8, 1) and len(grey.names) == 2 and grey.names == sorted(grey.names)


def test_folders_that_are_not_there_are_told_in_a_line(run, tmp_path):
    def refused(name="test", **options):
        with pytest.raises((OSError, ValueError)) as error:
            evaluate(run, ["outliers"], screen=str(tmp_path / name), **options)
        assert "\n" not in str(error.value)
        return str(error.value)

    save(tmp_path / "test" / "normal", drawn(2))
    assert re.search(
        "tset is not a directory; expected one with folders normal/ and abnormal/.*'test'", refused("tset")
    )
    (tmp_path / "test" / "abnormal").symlink_to(tmp_path / "not mounted")
    assert refused().endswith("test/abnormal is a symbolic link that leads nowhere; mend or remove it")
    (tmp_path / "test" / "abnormal").unlink()
    (tmp_path / "test" / "abnormla").mkdir()
    assert "test has no folder abnormal/; " in refused() and "found abnormla/, normal/; did you mean" in refused()
    (tmp_path / "test" / "abnormla").rename(tmp_path / "test" / "abnormal")
    assert re.search("no images in .*abnormal or below it: looked for files .png, .jpg, .jpeg", refused())
    (tmp_path / "test" / "abnormal" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    assert re.search("cannot use 1 image file in .*abnormal: broken.png cannot be read.*--skip_bad_files", refused())
    assert "no readable image is left in" in refused(skip_bad_files=True)
    assert "false_alarms is 1.0; expected a share between 0 and 1" in refused(false_alarms=1.0)
    assert not (run / "results.json").exists(), "nothing was measured"


def test_a_broken_picture_that_may_be_left_out_is_named(run, tmp_path):
    save(tmp_path / "normal", drawn(3))
    save(tmp_path / "abnormal", noise(2))
    (tmp_path / "normal" / "00.png").write_bytes(b"")
    config = json.loads((run / "config.json").read_text())
    assert config["dataset"] == "faces"
    evaluation = Evaluation(kv.load(run), tiny.CONFIG, run, screen=str(tmp_path), skip_bad_files=True)
    assert evaluation.labelled["normal"].left_out == ["00.png cannot be read"]
    assert evaluation.labelled["normal"].names == ["normal/01.png", "normal/02.png"]


def test_a_run_on_points_takes_no_pictures(points, tmp_path):
    with pytest.raises(ValueError, match="--screen takes pictures; the run describes points of subspace"):
        evaluate(points, ["outliers"], screen=str(tmp_path))
