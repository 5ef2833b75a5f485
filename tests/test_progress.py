"""Progress: nothing of short work, a line now and then in a log, a bar on a terminal."""

import io
import itertools
import re
import sys
import threading
import types

import numpy as np
import PIL.Image
import pytest

from keras_vae import data, diagnostics, metrics
from keras_vae.data import labelled, store
from keras_vae.data.codes import posteriors
from keras_vae.evaluation.parts import pictures
from keras_vae.maths.arrays import unit
from keras_vae.status import passing
from serving import progress
from serving.progress import Progress


@pytest.fixture
def log(capsys):
    """A function that returns what standard error, which is no terminal, was told since the last call."""
    return lambda: capsys.readouterr().err


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by 10 s each time that it is looked at, from 0 on."""
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=itertools.count(0, 10).__next__))


def test_a_log_has_a_line_every_half_minute(log, clock):
    with Progress(desc="reading images", total=2000, unit="images", initial=1000) as bar:
        for _ in range(7):
            bar.update(100)
    assert log().splitlines() == [
        "reading images: 1,300 of 2,000 images, 1 min 10 s left",
        "reading images: 1,600 of 2,000 images, 40 s left",
    ]


def test_things_that_nobody_counted_have_no_end(log, clock):
    bar = Progress(iter(range(3)), "listing", unit="files")
    bar.set_postfix_str("2 left out")
    assert list(bar) == [0, 1, 2]
    assert log() == "listing: 3 files, 2 left out\n"


def test_short_work_is_silent(log):
    assert list(Progress(range(1000), "reading", unit="files")) == list(range(1000))
    assert not log()


def test_a_terminal_has_a_bar(monkeypatch, clock):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(Progress(range(3), "reading", unit="files", delay=0)) == [0, 1, 2]
    assert "reading: 100%" in terminal.getvalue() and "3/3 [" in terminal.getvalue()
    assert "3 of 3" not in terminal.getvalue()


def test_words_are_a_line_in_a_log_once_they_take_long(log, monkeypatch):
    with passing("waiting ..."):
        assert not log()
    told = threading.Event()
    monkeypatch.setattr("keras_vae.status.print_status", lambda words: (print(words, file=sys.stderr), told.set()))
    monkeypatch.setattr("keras_vae.status.DELAY", 0.0)
    with passing("waiting ..."):
        assert told.wait(60)
    assert log() == "waiting ...\n"


def test_what_takes_long_is_told_in_a_log(log, monkeypatch, tmp_path):
    """The headers of a folder, a store that is written and checked, and codes."""
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    for k in range(40):
        PIL.Image.fromarray(np.full((4, 4, 3), k, np.uint8)).save(tmp_path / f"{k}.png")
    images = data.load("folder", "train", data_dir=str(tmp_path))
    data.load("folder", "train", data_dir=str(tmp_path))
    posteriors(tmp_path / "ae", 2, lambda part, first: (np.zeros((len(part), 2), np.float32),) * 2, images)
    lines = log().splitlines()
    count = len(images)
    for expected in (
        "reading headers: 40 of 40 files, 0 s left",
        f"reading images: {count} of {count} examples, 0 s left",
        f"encoding by ae: {count} of {count} examples, 0 s left",
    ):
        assert expected in lines
    assert any(line.startswith("checking folder-train-") and line.endswith("1 of 1 blocks, 0 s left") for line in lines)


def test_what_takes_long_in_an_evaluation_is_told_in_a_log(log, monkeypatch, stack, tmp_path):
    """Passes over all images: a stack's own, those of diagnostics and metrics, and pictures to be screened."""
    monkeypatch.setattr(progress, "EVERY", 0.0)
    images = data.load("faces", "test", image_size=(16, 24), count=40)
    floats, codes = unit(images), stack.encode(images)[0]
    for kind in labelled.KINDS:
        (tmp_path / kind).mkdir()
        for k in range(40):
            PIL.Image.fromarray(images[k]).save(tmp_path / kind / f"{k}.png")
    log()
    for title, things, work in (
        ("encode", "batches", lambda: stack.encode(images)),
        ("decode", "batches", lambda: stack.decode(codes)),
        ("reconstruct", "batches", lambda: stack.reconstruct(images)),
        ("score", "batches", lambda: stack.score(images)),
        ("sample", "batches", lambda: stack.sample(40)),
        ("explained variance", "blocks", lambda: diagnostics.verdict_inputs(stack, images)),
        ("gradients", "batches", lambda: diagnostics.gradient_norm(stack, images)),
        ("patches", "blocks", lambda: metrics.swd(images, images)),
        ("half resolution and back", "blocks", lambda: metrics.downsample(images)),
        ("bootstrap", "blocks", lambda: metrics.bootstrap_intervals(np.arange(9), np.arange(9))),
        ("nearest training images", "blocks", lambda: pictures._neighbours(images, floats[:2])),
        ("reading normal pictures", "pictures", lambda: labelled.load(tmp_path, images.shape[1:], 40, 0)),
    ):
        work()
        lines = [line for line in log().splitlines() if line.startswith(f"{title}: ")]
        assert lines and re.fullmatch(rf"{title}: (\d+) of \1 {things}, 0 s left", lines[-1]), (title, lines)
