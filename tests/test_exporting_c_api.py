"""Exports in hostile hands, through TensorFlow's C API: the nearest thing to the real server that a test can have.

A feed of a wrong shape once ended the process inside oneDNN; so the calls are made in a process of their own, which
must live.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.test_exporting import picture

INVALID_ARGUMENT = 3
PROBE = pathlib.Path(__file__).with_name("c_api.py")


@pytest.fixture(scope="module")
def signatures(exported):
    found = (
        saved_model_pb2.SavedModel.FromString((exported / "saved_model.pb").read_bytes()).meta_graphs[0].signature_def
    )
    return {name: signature for name, signature in found.items() if signature.inputs}


def answers(model, calls, folder):
    """Return the C API's answers to [(signature, {input: array})]; the process must outlive them all."""
    arrays, told = {}, []
    for number, (signature, inputs) in enumerate(calls):
        keys = {name: f"{number}_{name}" for name in inputs}
        arrays |= {keys[name]: array for name, array in inputs.items()}
        outputs = [signature.outputs[name].name for name in sorted(signature.outputs)]
        told.append({"inputs": {signature.inputs[name].name: key for name, key in keys.items()}, "outputs": outputs})
    np.savez(folder / "feeds.npz", calls=json.dumps(told), **arrays)
    library = pathlib.Path(tf.sysconfig.get_lib()) / "libtensorflow_cc.so.2"
    command = [sys.executable, str(PROBE), str(library), str(model), str(folder / "feeds.npz")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"after {len(done.stdout.splitlines())} of {len(calls)} calls: {done.stderr[-500:]}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def sound(signature, rows):
    """{input: array} of `rows` rows."""
    png = np.array([picture(np.random.default_rng(0), 30, 40, "PNG")] * rows, "S")
    found = {}
    for name, info in signature.inputs.items():
        shape = [rows, *(size.size for size in info.tensor_shape.dim[1:])]
        found[name] = png if name == "image_bytes" else np.zeros(shape, tf.as_dtype(info.dtype).as_numpy_dtype)
    return found


def broken(signature):
    """Inputs of wrong rank and size, one input at a time."""
    for name, array in sound(signature, 2).items():
        others = [array[0], array[None], array.reshape(-1)[:0].reshape(0, 0), array.reshape(-1)[0], array[..., None]]
        if array.ndim > 1:
            others += [array[..., :-1], np.repeat(array, 3, axis=-1), array[:, :0], np.swapaxes(array, 0, 1)]
        for other in others:
            if other.ndim != array.ndim or other.shape[1:] != array.shape[1:]:
                yield {**sound(signature, 2), name: np.array(other, order="C")}


@pytest.fixture(scope="module")
def answered(exported, signatures, tmp_path_factory):
    """{kind: [(signature, inputs, answer)]} of all calls, made by one process."""
    random = np.random.default_rng(0)
    pictures = [picture(random, 30, 40, kind) for kind in ("PNG", "JPEG")]
    hostile = [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", bytes(random.integers(0, 256, 5000, np.uint8))]
    hostile += [each[: len(each) // 8] for each in pictures]
    hostile += [pictures[0][:16] + size + pictures[0][24:] for size in (b"\0\0\x7f\xff" * 2, b"\xff" * 8, b"\0" * 8)]
    taking = [signature for signature in signatures.values() if "image_bytes" in signature.inputs]
    calls = {
        "sound": [(each, sound(each, rows)) for each in signatures.values() for rows in (0, 1, 3)],
        "of wrong shape": [(each, inputs) for each in signatures.values() for inputs in broken(each)],
        "hostile": [(each, {"image_bytes": np.array([encoded], "S")}) for each in taking for encoded in hostile],
    }
    every = [call for of_a_kind in calls.values() for call in of_a_kind]
    found = iter(answers(exported, every, tmp_path_factory.mktemp("feeds")))
    return {kind: [(*call, next(found)) for call in of_a_kind] for kind, of_a_kind in calls.items()}


def test_sound_feeds_and_empty_ones_are_answered(answered):
    for signature, inputs, answer in answered["sound"]:
        rows = len(next(iter(inputs.values())))
        assert answer["code"] == 0, (list(signature.outputs), rows, answer["message"])
        assert all(shape[0] == rows for shape in answer["shapes"])


def test_feeds_of_wrong_shape_are_refused_and_the_process_lives(answered):
    assert len(answered["of wrong shape"]) > 100
    for _, inputs, answer in answered["of wrong shape"]:
        assert answer["code"] == INVALID_ARGUMENT, ({name: array.shape for name, array in inputs.items()}, answer)


def test_hostile_bytes_are_refused_and_the_process_lives(answered):
    for *_, answer in answered["hostile"]:
        assert answer["code"] == INVALID_ARGUMENT, answer
