"""The machinery of experiments on one that takes a second: cached, taken over, gone on with, printed and documented."""

import json
import shutil
import types

import numpy as np
import pytest
from PIL import Image

import keras_vae as kv
from experiments.common import pages, runner, wording
from experiments.common.findings import Claim, Findings, chart, panel, picture
from experiments.common.laboratory import Laboratory
from keras_vae.config import Config, StageConfig, replace
from keras_vae.files import DamagedError
from keras_vae.runs import RunDirectory
from keras_vae.training.train import on_this_machine

NUMBERS = {"epochs": 1, "batch_size": 20, "learning_rate": 1e-3, "jit_compile": False}
AE = StageConfig("ae", "autoencoder", "asperti_dense", 5, **NUMBERS)
VAE = StageConfig("vae", "gaussian_vae", "affine", 3, gamma={"mode": "fixed"}, **NUMBERS)
CONFIG = Config("subspace", (AE, VAE), data_options={"count": 60, "dimension": 6})


def measure(lab):
    trained = lab.train(CONFIG)
    losses = trained.history("vae", "loss")
    drawn = chart("loss", "The loss.", panel({"vae": ([1, 2], [losses[0], 1.0])}, "epoch", "loss", log="xy"))
    pictures = [
        picture("shown", "For all.", np.zeros((4, 4, 3), np.uint8)),
        picture("kept", "Not for all.", np.zeros((4, 4, 3), np.uint8), private=True),
    ]
    return Findings({"row": {"loss": losses[-1], "count": 3}}, [drawn], pictures, ["A note."])


def claims(values):
    count = values["row"]["count"]
    return [Claim("three", count == 3, count, 2), Claim("a | four", count == 4, [count, 1.5], [4.0, 1.5])]


FAKE = types.SimpleNamespace(
    __name__="experiments.fake",
    TITLE="A fake",
    SOURCE="Nowhere, Table 0",
    CLAIM="Three.",
    SCALED="everything.",
    MINUTES={"quick": 0, "full": 0},
    WHY="It is one less.",
    PAPER={"row": {"count": 2}},
    measure=measure,
    claims=claims,
)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    """A workdir in which the fake was run once."""
    folder = tmp_path_factory.mktemp("reproduce")
    runner.run(FAKE, Laboratory(folder))
    return folder


def test_a_stack_is_trained_once(workdir, monkeypatch):
    monkeypatch.setattr(kv, "train", None)  # any training would fail
    lab = Laboratory(workdir)
    first = lab.train(CONFIG)
    assert first.stack.stages == ["ae", "vae"]
    records = list(lab.used.values())
    assert [record["what"] for record in records] == [
        "subspace count 60 dimension 6: ae, asperti_dense, kappa 5",
        "subspace count 60 dimension 6: vae, affine, kappa 3, gamma.mode fixed",
    ]
    assert [record["steps"] for record in records] == [3, 3] and all(record["seed"] == 0 for record in records)
    assert not any(record["resumed"] for record in records)  # their time is the whole
    with pytest.raises(TypeError):
        lab.train(replace(CONFIG, seed=1))


def test_stacks_that_were_trained_before_are_found_again():
    """The key that it had before stages had an epsilon, which changes it only where it is not the default."""
    stage = StageConfig("vae", "gaussian_vae", "affine", 2, 2, 10, 1e-2)
    config = Config("subspace", (stage,))
    assert Laboratory.key(config) == "74cf3c7455"
    assert Laboratory.key(Config("subspace", (replace(stage, epsilon=1e-8),))) != "74cf3c7455"


def test_where_data_lie_does_not_matter(tmp_path):
    """Another folder of the same data is the same stack; a data set without folders is not given one."""
    here, there = (Config("mnist", (VAE,), data_options={"data_dir": name}) for name in ("here", "there"))
    assert Laboratory.key(here) == Laboratory.key(there) != Laboratory.key(Config("fashion_mnist", (VAE,)))
    lab = Laboratory(tmp_path, data_dir="somewhere")
    assert "data_dir" not in lab.located(CONFIG).data_options
    assert lab.located(here).data_options["data_dir"].endswith("somewhere")


def test_stacks_share_their_lower_stages(workdir, monkeypatch):
    """A second stack on the same autoencoder takes it over, and is what training it from scratch gives."""
    wider = replace(CONFIG, stages=(AE, replace(VAE, latent_dim=4)))
    trained = []
    train = kv.train
    monkeypatch.setattr(kv, "train", lambda config, path: (trained.append(config.stages[-1].name), train(config, path)))
    shared = Laboratory(workdir).train(wider).stack
    assert trained == ["vae"]
    scratch = train(wider, workdir / "scratch")
    points = kv.data.load("subspace", "test", count=8, dimension=6)
    np.testing.assert_array_equal(shared.encode(points)[0], scratch.encode(points)[0])


def test_a_killed_training_goes_on_and_its_minutes_are_a_lower_bound(tmp_path, monkeypatch):
    lab, config = Laboratory(tmp_path), replace(CONFIG, stages=(AE,))

    def killed(config, path):
        RunDirectory(path).claim(on_this_machine(config))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(kv, "train", killed)
        lab.train(config)
    assert lab.used == {}
    assert lab.train(config).stack.stages == ["ae"]
    (record,) = lab.used.values()
    assert record["resumed"]
    _, ((*_, minutes, processor),) = wording.trained({"trained": [record]})
    assert minutes == f"more than {record['minutes']:.1f}" and processor == f"more than {record['processor']:.1f}"


@pytest.mark.parametrize("text", ["", '{"result": ', "[1]", "5", "null", '{"another": 1}'])
def test_what_is_kept_and_damaged_is_named_with_what_to_delete(text, tmp_path, monkeypatch):
    lab, config = Laboratory(tmp_path), replace(CONFIG, stages=(AE,))
    trained = lab.train(config)
    lab.compute("one", {}, lambda: 1)
    (computed,) = (tmp_path / "computed").iterdir()
    kept = {
        trained.workdir / "spent.json": (lambda: lab.train(config), "delete it: it has how long the training took"),
        computed: (lambda: lab.compute("one", {}, None), "delete it, and it is computed once more"),
        trained.workdir / "ae" / "history.json": (
            lambda: trained.history("ae", "loss"),
            f"delete {trained.workdir / 'ae'}, and repeat the experiment",
        ),
        tmp_path / "quick" / "fake.json": (lambda: runner.read(tmp_path, "fake"), "delete it, and repeat fake"),
    }
    for path, (read, advice) in kept.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        if (path.name, text) == ("spent.json", '{"another": 1}'):  # names and values: all that is asked of it
            continue
        with pytest.raises(DamagedError) as told:
            read()
        message = str(told.value)
        assert message.startswith(f"{path} is damaged (") and advice in message and "\n" not in message
    for path in kept:
        path.unlink()
    assert lab.train(config).workdir == trained.workdir and lab.compute("one", {}, lambda: 2) == 2


def test_a_stage_that_was_deleted_is_trained_once_more(tmp_path):
    lab, config = Laboratory(tmp_path), replace(CONFIG, stages=(AE,))
    first = lab.train(config)
    shutil.rmtree(first.workdir / "ae")
    again = lab.train(config)
    assert again.stack.stages == ["ae"] and again.history("ae", "loss") == first.history("ae", "loss")


def test_computations_are_kept_by_name_and_settings(tmp_path):
    lab, calls = Laboratory(tmp_path), []

    def count():
        calls.append(1)
        return len(calls)

    assert [lab.compute("count", {"a": a}, count) for a in (1, 1, 2, 1)] == [1, 1, 2, 1]
    assert {record["what"] for record in lab.used.values()} == {"count"}


def test_the_modes_pick_their_numbers_and_keep_apart(tmp_path):
    assert (Laboratory(tmp_path, quick=True).pick(1, 2), Laboratory(tmp_path, quick=False).pick(1, 2)) == (1, 2)
    fake = types.SimpleNamespace(**{**vars(FAKE), "measure": lambda lab: Findings({"row": {"count": 3}})})
    runner.run(fake, Laboratory(tmp_path, quick=True))
    assert runner.read(tmp_path, "fake")["mode"] == "quick"
    runner.run(fake, Laboratory(tmp_path, quick=False))
    assert runner.read(tmp_path, "fake")["mode"] == "full"
    assert (tmp_path / "quick" / "fake.json").exists()


def test_the_result_says_what_was_found(workdir):
    found = json.loads((workdir / "quick" / "fake.json").read_text())
    assert [claim["holds"] for claim in found["claims"]] == [True, False]
    assert found["values"]["row"]["count"] == 3 and found["paper"] == {"row": {"count": 2}}
    assert [record["epochs"] for record in found["trained"]] == [1, 1]
    assert (workdir / "quick" / found["pictures"][0]["file"]).exists()


def test_the_terminal_shows_measured_beside_the_paper(workdir):
    text = wording.terminal(runner.read(workdir, "fake"))
    lines = [line.split() for line in text.splitlines()]
    assert ["count", "3", "2", "+1"] in lines
    assert ["holds", "three", "3", "2", "+1"] in lines
    assert "DOES NOT HOLD  a | four  3, 1.5    4, 1.5" in text
    assert "note: A note." in text


def test_the_document_has_tables_figures_and_no_private_picture(workdir, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "names", lambda: ["absent", "fake"])
    monkeypatch.setattr(runner, "find", lambda name: FAKE)
    summary = pages.write(workdir, tmp_path).read_text(encoding="utf-8")
    assert "1 experiments; **1 of 2 checks hold.**" in summary
    measured = json.loads((workdir / "quick" / "fake.json").read_text())["measured"]
    assert f"| [A fake](results/fake.md) | Nowhere, Table 0 | quick | {measured} | 1 of 2 |" in summary
    wrong = summary.partition("## Checks that do not hold")[2]
    assert "| [A fake](results/fake.md) | a \\| four | 3, 1.5 | 4, 1.5 |  |" in wrong and "three" not in wrong
    assert "**[A fake](results/fake.md).** It is one less." in wrong
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["fake.json", "fake.md"]
    text = (tmp_path / "results" / "fake.md").read_text(encoding="utf-8")
    assert text.startswith("[All results](../results.md)\n\n# A fake\n") and "**1 of 2 checks hold.**" in text
    assert "| DOES NOT HOLD | a \\| four | 3, 1.5 | 4, 1.5 |  |" in text
    assert "**What does not hold.** It is one less." in text
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["fake-loss.png", "fake-shown.png"]
    assert "](../figures/fake-shown.png)" in text and "figures/fake-kept.png" not in text
    with Image.open(tmp_path / "figures" / "fake-loss.png") as image:
        assert min(image.size) > 100
    (tmp_path / "results" / "fake.json").rename(tmp_path / "results" / "earlier.json")
    again = pages.write(workdir, tmp_path).read_text(encoding="utf-8")
    assert "2 experiments; **2 of 4 checks hold.**" in again, "a page whose results are elsewhere stays in the summary"
    monkeypatch.setattr(runner, "names", lambda: ["absent"])
    with pytest.raises(ValueError, match="has no results yet"):
        pages.write(workdir, tmp_path)


def test_a_path_is_animated(tmp_path):
    lines = {"0": ([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], [1.0, 0.5, 0.1])}
    drawn = chart("path", "A path.", panel(lines, "x", "y", animated=True))
    (animation,) = pages.chart_files(drawn, tmp_path / "path.png")
    with Image.open(animation) as image:
        assert image.n_frames == 3


def test_gaps():
    assert [wording.gap(2, 3), wording.gap(-10.5, -20.0), wording.gap(1, None), wording.gap([1], [2])] == [
        "−1",
        "+9.5",
        "",
        "",
    ]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown experiment 'table1'; known: ig_beta"):
        runner.find("table1")
