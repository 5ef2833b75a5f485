"""precision=mixed_bfloat16: a run trains near the float32 one, goes on bit for bit, and is evaluated."""

import json

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.config import override, replace
from keras_vae.training.callbacks import backup
from tests import tiny

# The second stage inside XLA, where the processor's path is another one.
CONFIG = override(replace(tiny.CONFIG, precision="mixed_bfloat16"), ["second.jit_compile=true"])


class Stop(keras.callbacks.Callback):
    """Callback that stops the whole run after the first epoch of a stage."""

    def __init__(self, stage):
        super().__init__()
        self.stage = stage

    def on_epoch_end(self, epoch, logs=None):
        if self.model.active_stage.name == self.stage:
            raise KeyboardInterrupt


def histories(run):
    return {name: json.loads((run / name / "history.json").read_text()) for name in ("ae", "vae", "second")}


def test_a_run_in_bfloat16(run, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "EVERY", 0.0)
    whole = kv.train(CONFIG, tmp_path / "whole")
    for name in ("ae", "second"):
        with pytest.raises(KeyboardInterrupt):
            kv.train(CONFIG, tmp_path / "stopped", callbacks=[Stop(name)])
    stopped = kv.train(CONFIG, tmp_path / "stopped")
    assert histories(tmp_path / "whole") == histories(tmp_path / "stopped")
    for name in whole.stages:
        stage, other = whole.stage(name), stopped.stage(name)
        assert {layer.compute_dtype for layer in stage.encoder.layers if layer.weights} >= {"bfloat16"}
        assert {each.dtype for each in stage.weights} <= {"float32", "int64"}
        np.testing.assert_array_equal(tiny.weights(stage), tiny.weights(other))
    # The first epoch of the lowest stage has the weights, the order and the data of float32: 8 bits less tell little.
    in_float32, in_bfloat16 = (histories(each)["ae"][0] for each in (run, tmp_path / "whole"))
    assert in_bfloat16["loss"] != in_float32["loss"] and in_bfloat16["loss"] == pytest.approx(in_float32["loss"], 0.02)
    results = kv.evaluate(tmp_path / "whole", parts=["reconstruction", "likelihood", "latents"], count=16)
    numbers = [each for table in results["tables"] for row in table["rows"] for each in row if isinstance(each, float)]
    assert len(numbers) > 10 and np.isfinite(numbers).all()
    images = kv.data.load("faces", "test", **CONFIG.data_options)[:8]
    assert kv.load(tmp_path / "whole").reconstruct(images).dtype == np.float32
