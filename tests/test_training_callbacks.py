"""Callbacks of a training: one probe an epoch that all read, what is probed, and the callbacks of the caller."""

import json

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.config import Config, StageConfig, override
from keras_vae.data.sets import subspace
from keras_vae.diagnostics import variance_law, verdict_inputs
from keras_vae.maths.arrays import unit
from keras_vae.models import GaussianVAE, Stack
from keras_vae.status import roughly
from keras_vae.training.callbacks import cost, record
from keras_vae.training.callbacks.best import Best
from keras_vae.training.callbacks.probe import probe
from keras_vae.training.schedules import SCHEDULES, LearningRate
from tests import tiny

NUMBERS = {"epochs": 3, "batch_size": 20, "learning_rate": 1e-2, "jit_compile": False}
VAE = StageConfig("vae", "gaussian_vae", "affine", 3, **NUMBERS)
CONFIG = Config("subspace", (VAE,), data_options={"count": 400, "dimension": 6})
VERDICT = ["explained", "effective_rank", "law_mean", "law_worst", "mmd"]
PROBED = ["val_squared_error", "val_kl", "active", "gamma", "rmse"]


class Watch(keras.callbacks.Callback):
    """Keeps what each call sees."""

    def __init__(self):
        super().__init__()
        self.logs, self.stages = [], []

    def on_train_begin(self, logs=None):
        self.stages.append(self.model.active_stage.name)

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(dict(logs))


def history(workdir, stage="vae"):
    return json.loads((workdir / stage / "history.json").read_text())


def test_one_held_out_example_has_errors_and_no_verdict(tmp_path, capsys):
    stack, one = Stack([tiny.vae()]), tiny.images(1)
    with pytest.raises(ValueError, match="one image has no variance to explain, .*; expected at least 2"):
        verdict_inputs(stack, one)
    assert list(probe(stack, one).logs) == PROBED[:3]
    points = np.random.default_rng(0).standard_normal((21, 6)).astype(np.float32)
    kv.train(override(CONFIG, ["data_options={}"]), tmp_path, examples=(points[:20], points[20:]))
    told = capsys.readouterr().err
    assert "vae: no verdict; one held-out example has no variance to explain" in told and "0.0%" not in told
    assert "explained" not in history(tmp_path)[-1] and "val_squared_error" in history(tmp_path)[-1]


def test_a_probe_has_what_the_functions_of_the_library_say():
    stack, images = Stack([tiny.vae()]), tiny.images(40)
    found, inputs = probe(stack, images), verdict_inputs(stack, images)
    mean, stddev = stack.encode(images)
    np.testing.assert_array_equal(found.mean, mean)
    np.testing.assert_array_equal(found.reconstructions, stack.decode(mean))
    assert list(found.logs) == [*VERDICT, *PROBED[:3]]
    assert all(found.logs[name] == pytest.approx(inputs[name], rel=1e-5, abs=1e-6) for name in VERDICT)
    error = np.sum(np.square(unit(images) - stack.reconstruct(images)), axis=(1, 2, 3)).mean()
    assert found.errors["val_squared_error"] == pytest.approx(float(error), rel=1e-5)
    np.testing.assert_allclose(found.dimensions["variance_law"], variance_law(mean, stddev), rtol=1e-6)
    assert found.verdict_inputs.keys() == inputs.keys()


def test_a_probe_encodes_its_images_once(monkeypatch):
    """And decodes their means once; what the verdict decodes besides are its own draws."""
    stack, images, calls = Stack([tiny.vae()]), tiny.images(40), []
    for name in ("encode", "decode"):
        method = getattr(stack, name)

        def counted(x, stage=None, name=name, method=method):
            calls.append((name, x))
            return method(x, stage)

        monkeypatch.setattr(stack, name, counted)
    found = probe(stack, images)
    assert [name for name, _ in calls].count("encode") == 1
    assert sum(name == "decode" and np.array_equal(x, found.mean) for name, x in calls) == 1


def test_a_stage_without_a_prior_is_not_judged():
    from keras_vae.models import Autoencoder

    found = probe(Stack([Autoencoder(*tiny.networks(stochastic=False), name="ae")]), tiny.images(10))
    assert found.verdict_inputs is None and found.attainable is None and list(found.logs) == PROBED[:3]
    assert found.errors["val_kl"] == 0.0


def test_an_epoch_is_probed_once_and_the_stage_below_once_a_training(tmp_path, monkeypatch):
    """History, TensorBoard and backup read the same Probe; what the frozen stage below explains is kept."""
    second = StageConfig("second", "gaussian_vae", "affine", 3, **NUMBERS)
    config, calls = Config("subspace", (VAE, second), data_options={"count": 400, "dimension": 6}), []

    def counted(stack, images, attainable=None):
        calls.append((stack.active_stage.name, len(images), attainable is not None))
        return probe(stack, images, attainable)

    monkeypatch.setattr(record, "probe", counted)
    kv.train(config, tmp_path / "run")
    assert calls == [(name, 256, epoch > 0) for name in ("vae", "second") for epoch in range(3)]


def test_the_history_has_the_logs_in_their_order(tmp_path, capfd):
    kv.train(CONFIG, tmp_path / "run")
    logs = history(tmp_path / "run")
    assert len(logs) == 3
    assert [name for name in logs[0] if name in VERDICT + PROBED] == VERDICT + PROBED
    assert list(logs[0])[-10:] == VERDICT + PROBED, "the terms of the loss come first"
    assert "vae: " in capfd.readouterr().err


def test_callbacks_of_the_caller_are_called_for_each_stage_after_ours(tmp_path):
    second = StageConfig("second", "gaussian_vae", "affine", 3, **NUMBERS)
    watch = Watch()
    config = Config("subspace", (VAE, second), data_options={"count": 400, "dimension": 6})
    kv.train(config, tmp_path / "run", callbacks=[watch])
    assert watch.stages == ["vae", "second"] and len(watch.logs) == 6
    for seen, kept in zip(watch.logs[:2], history(tmp_path / "run")):
        assert {name: float(value) for name, value in seen.items()} == kept
    kv.train(config, tmp_path / "run", callbacks=[again := Watch()])
    assert again.stages == [], "what is done is not trained again"


def test_the_cost_is_told_once_without_the_compilation(monkeypatch, capfd):
    """100 s of compilation, then 10 steps in 10 s: 1 s a step, the time between epochs left out."""
    now = [0.0]
    monkeypatch.setattr(cost.time, "monotonic", lambda: now[0])
    watch = cost.Cost("ae", epochs=1000, steps=6)
    for epoch in range(2):
        watch.on_epoch_begin(epoch)
        for batch, seconds in ((1, 102.0 if not epoch else 2.0), (3, 2.0), (5, 2.0)):
            now[0] += seconds
            watch.on_train_batch_end(batch)
        now[0] += 500.0
    (line,) = capfd.readouterr().err.splitlines()
    assert line == "ae: about 100 minutes on this machine, 1 s a step"


def test_a_short_stage_has_no_cost_worth_telling(monkeypatch, capfd):
    now = [0.0]
    monkeypatch.setattr(cost.time, "monotonic", lambda: now[0])
    watch = cost.Cost("ae", epochs=3, steps=30)
    watch.on_epoch_begin(0)
    for batch in range(0, 30, 3):
        now[0] += 3.0
        watch.on_train_batch_end(batch)
    assert watch.told and not capfd.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "1 minute"), (1200, "20 minutes"), (5400, "90 minutes"), (1.3e5, "36 hours"), (4.3e6, "7 weeks")],
)
def test_long_times_in_words(seconds, words):
    assert roughly(seconds) == words


def test_callbacks_change_nothing_and_may_stop_a_stage(tmp_path, capfd):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    watched = kv.train(CONFIG, tmp_path / "watched", callbacks=[Watch()])
    np.testing.assert_array_equal(tiny.weights(watched), tiny.weights(kv.train(CONFIG, tmp_path / "alone")))
    capfd.readouterr()
    stack = kv.train(CONFIG, tmp_path / "stopped", callbacks=[Stop()])
    assert stack.stages == ["vae"] and len(history(tmp_path / "stopped")) == 2
    assert "vae: 2 epochs in" in capfd.readouterr().err


def test_what_is_probed_is_drawn_by_the_seed_from_all_held_out_examples(tmp_path, monkeypatch):
    """Of data sorted by their first coordinate, a prefix would be the lower end."""
    whole = subspace.load("validation", dimension=6)
    sort = whole[np.argsort(whole[:, 0])]
    monkeypatch.setattr(subspace, "load", lambda split, *, dimension=6, count=None: sort)
    seen = []

    def remembered(stack, images, attainable=None):
        seen.append(images)
        return probe(stack, images, attainable)

    monkeypatch.setattr(record, "probe", remembered)
    for seed in (0, 0, 1):
        config = override(CONFIG, [f"seed={seed}", "vae.epochs=1", "vae.batch_size=500"])
        kv.train(config, tmp_path / f"{len(seen)}")
    first, again, other = seen
    np.testing.assert_array_equal(first, again)
    assert len(first) == 256 and not np.array_equal(first, other)
    for drawn in (first, other):
        assert drawn[:, 0].min() < np.quantile(sort[:, 0], 0.05) and drawn[:, 0].max() > np.quantile(sort[:, 0], 0.95)


def test_schedules_are_those_of_the_table():
    """Nothing else that the module defines or imports can be named as one."""
    assert sorted(SCHEDULES) == ["burda", "constant", "cosine", "dai_wipf", "exponential"]
    for name in ("LearningRate", "math", "keras", "SCHEDULES"):
        with pytest.raises(
            ValueError, match=f"unknown learning-rate schedule '{name}'; known: burda, constant, cosine"
        ):
            LearningRate(1e-3, name, 10)


def test_the_model_that_callbacks_see_is_the_stack(tmp_path):
    class See(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.kinds = type(self.model), type(self.model.active_stage)

    see = See()
    kv.train(override(CONFIG, ["vae.epochs=1"]), tmp_path / "run", callbacks=[see])
    assert see.kinds == (Stack, GaussianVAE)


def test_the_best_epoch_is_kept_and_found_again(tmp_path):
    """By the loss of the stage on the same draws each epoch; the noise of training is not touched."""
    stage = GaussianVAE(*tiny.networks(shape=(3,)), name="second")
    random = np.random.default_rng(0)
    codes = random.standard_normal((400, 3)).astype(np.float32), np.full((400, 3), 0.1, np.float32)
    best = Best(tmp_path / "best.npz", stage, codes, seed=0)
    first, good = best.measure(1), tiny.weights(stage)
    assert first == best.measure(2) and best.epoch == 1, "the same weights have the same loss"
    terms = [stage.objective(best.codes, best.codes, lambda x: x, False)[0]["loss"] for _ in range(40)]
    assert first == pytest.approx(np.mean(terms), rel=0.05), "in the units of the training loss"
    stage.noise.counter.assign(0)
    bias = stage.decoder.get_layer("last").bias
    bias.assign(bias + 3.0)
    assert best.measure(3) > first + 1 and best.epoch == 1
    best.save()
    again = Best(tmp_path / "best.npz", stage, codes, seed=0)
    assert (again.epoch, again.loss) == (1, pytest.approx(first))
    for each in (best, again):
        bias.assign(bias + 1.0)
        each.put_back()
        np.testing.assert_array_equal(tiny.weights(stage), good)


def test_a_second_stage_logs_its_held_out_loss(run):
    """It alone; the file has the weights of the best epoch."""
    losses = [epoch["val_loss"] for epoch in history(run, "second")]
    diagnostics = json.loads((run / "second" / "diagnostics.json").read_text())
    assert diagnostics["best_epoch"] == 1 + int(np.argmin(losses)) and diagnostics["val_loss"] == min(losses)
    assert not any("val_loss" in epoch for stage in ("ae", "vae") for epoch in history(run, stage))
    assert not (run / "second" / "best.npz").exists()
