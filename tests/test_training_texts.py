"""JSON of a run that is truncated, empty, binary or of another shape: named in a line, with what to do."""

import json
import shutil

import pytest

import keras_vae as kv
from keras_vae import report
from keras_vae.adopted.diagnose import check_free
from keras_vae.data import store
from keras_vae.data.codes import posteriors
from keras_vae.files import write_json
from keras_vae.report import compare
from keras_vae.training import workers
from tests import tiny
from tests.test_training_damage import IMAGES, encode


@pytest.fixture(scope="module")
def measured(run, tmp_path_factory):
    """A copy of the small run that is measured, in a part; tests must not change it."""
    workdir = shutil.copytree(run, tmp_path_factory.mktemp("measured") / "run")
    kv.evaluate(workdir, ["reconstruction"], count=16)
    return workdir


@pytest.fixture
def whole(measured, tmp_path):
    """A copy of it that a test may damage."""
    return shutil.copytree(measured, tmp_path / "run")


READERS = {
    "train": lambda workdir, measured: kv.train(tiny.CONFIG, workdir),
    "evaluate": lambda workdir, measured: kv.evaluate(workdir, ["reconstruction"], count=16),
    "export": lambda workdir, measured: kv.export(workdir, workdir / "exports"),
    "page": lambda workdir, measured: report.write(workdir),
    "compare": lambda workdir, measured: compare.write(workdir, measured),
}
ADVICE = {
    "config.json": "restore",
    "environment.json": "delete it",
    "evaluation.json": "delete it",
    "results.json": "measure the run again|restore or delete",
    "vae/diagnostics.json": "delete .*/vae and run train.py again",
    "vae/history.json": "delete it",
}
WANTED = {  # who reads what
    "config.json": ("train", "evaluate", "export", "compare"),
    "environment.json": ("evaluate", "export", "page"),
    "evaluation.json": ("evaluate",),
    "results.json": ("export", "page", "compare"),
    "vae/diagnostics.json": ("train", "evaluate", "export"),
    "vae/history.json": ("page", "compare"),
}
DAMAGES = {"truncated": b'{"a": [', "binary": bytes(range(128, 256)), "list": b"[]"}


@pytest.mark.parametrize(("name", "reader"), [(name, reader) for name, all in WANTED.items() for reader in all])
def test_damaged_texts_are_named_with_what_to_do(whole, measured, name, reader):
    for damage, content in DAMAGES.items():
        (whole / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"^[^\n]*/{name} is damaged \([^\n]*\); [^\n]*({ADVICE[name]})[^\n]*$"):
            READERS[reader](whole, measured)
            pytest.fail(f"{damage} {name} was taken by {reader}")


@pytest.mark.parametrize("reader", ["page", "compare"])
@pytest.mark.parametrize("path", [("run",), ("run", "dataset"), ("run", "stages"), ("tables", 0, "rows")])
def test_a_key_of_the_results_that_is_gone_is_named(whole, measured, reader, path):
    value = inside = json.loads((whole / "results.json").read_text())
    for each in path[:-1]:
        inside = inside[each]
    del inside[path[-1]]
    write_json(whole / "results.json", value)
    with pytest.raises(ValueError, match=rf"/results.json is damaged \(it has no '{path[-1]}'\); delete it, and eval"):
        READERS[reader](whole, measured)


def test_a_run_without_its_environment_is_measured(whole):
    (whole / "environment.json").unlink()
    assert kv.evaluate(whole, ["reconstruction"], count=16)["run"]["versions"] == {}


@pytest.mark.parametrize("key", ["rows", "shape", "dtype", "key", "left_out", "block", "crc32"])
def test_codes_with_a_header_that_lacks_a_key_are_computed_again(tmp_path, monkeypatch, key):
    """The header is of a version that did not seal it."""
    mean, _ = posteriors(tmp_path, 3, encode, IMAGES)
    path = tmp_path / "posteriors" / "header.json"
    header = json.loads(path.read_text())
    del header["seal"], header[key]
    write_json(path, header)
    with pytest.warns(UserWarning, match="posteriors is damaged and made again"):
        found, _ = posteriors(tmp_path, 3, encode, IMAGES)
    assert (found == mean).all()
    for wrong in (7, {"images": 1}, {}):
        header = json.loads(path.read_text())
        header.pop("seal", None)
        write_json(path, {**header, "key": wrong})
        assert store.key_of(path.parent) == (wrong if isinstance(wrong, dict) else None)
    with pytest.raises(ValueError, match="holds the codes of an unknown number of images, but the data set has 10000"):
        posteriors(tmp_path, 3, encode, IMAGES)


@pytest.mark.parametrize("content", ['{"run": []}', '{"run": {}}', "[]", "7", "{"])
def test_a_diagnosis_is_written_over_nothing_else(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ValueError, match="is not empty and holds no diagnosis"):
        check_free(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{", '{"task": 1}', '{"cluster": {"worker": 1}}', '{"task": {"index": "a"}}'])
def test_a_cluster_that_is_none_is_told(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="^TF_CONFIG is .*; expected .*host:port"):
        workers.cluster()
