"""Workers of a job: each reads its share of a batch, they end where one process ends, and outlive none of their own."""

import json
import signal
import time

import keras
import numpy as np
import pytest

import keras_vae  # noqa: F401  registers the classes that .keras files name
from keras_vae.data.pipeline import Epochs
from keras_vae.training import local_workers, strategy, workers
from keras_vae.training.callbacks.backup import Backup
from keras_vae.training.train import described
from tests import tiny
from tests.scripts import Script

SETTINGS = [*tiny.FLAGS, *(f"--set={stage}.batch_size=24" for stage in ("ae", "vae", "second")), "--stage=ae"]


def start(workdir, addresses, index, *flags):
    """Worker `index` of a job at these addresses."""
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    flags = (f"--workdir={workdir}", *SETTINGS, *flags)
    return Script(f"{workdir}-{index}.log", "train.py", *flags, TF_CONFIG=json.dumps(task))


def free_addresses(count):
    return [f"127.0.0.1:{port}" for port in local_workers.free_ports(count)]


def job(workdir, count, *flags):
    """Run a job to its end; the run directories of its workers."""
    addresses = free_addresses(count)
    for script in [start(workdir, addresses, index, *flags) for index in range(count)]:
        status, output = script.wait()
        assert status == 0, output
    return [workdir, *(workdir.with_name(f"{workdir.name}-worker-{index}") for index in range(1, count))]


def weights(run):
    model = keras.saving.load_model(run / "ae" / "model.keras", compile=False)
    return {f"{number} {each.path}": each.numpy() for number, each in enumerate(model.weights)}


def same(run, other):
    for (path, mine), theirs in zip(weights(run).items(), weights(other).values()):
        np.testing.assert_array_equal(mine, theirs, err_msg=path)


def alike(run, other):
    """Up to rounding, which Adam and the kinks of ReLU enlarge in single weights, but not in what they add up to."""
    one, two = (json.loads((each / "ae" / "history.json").read_text()) for each in (run, other))
    for name, rounding in (("loss", 1e-4), ("gamma", 1e-4), ("gradient_norm", 1e-2)):
        np.testing.assert_allclose([e[name] for e in one], [e[name] for e in two], rtol=rounding, err_msg=name)


@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_workers_end_where_one_process_ends(count, tmp_path):
    """Bit for bit where each other end, batch normalisation and the optimal gamma included."""
    one = Script(
        tmp_path / "log",
        "train.py",
        f"--workdir={tmp_path / 'one'}",
        *SETTINGS,
        "--set=ae.epochs=2",
        "--strategy=single",
    )
    runs = job(tmp_path / "several", count, "--set=ae.epochs=2")
    for run in runs[1:]:
        same(runs[0], run)
    status, output = one.wait()
    assert status == 0, output
    alike(tmp_path / "one", runs[0])


@pytest.mark.slow
def test_jobs_with_killed_workers_end_where_the_undisturbed_one_ends(tmp_path):
    """kill -9 of either worker, ten times at random moments: the other says so in one message and ends."""
    undisturbed = job(tmp_path / "undisturbed", 2, "--set=ae.epochs=40")[0]
    random, kills, jobs = np.random.default_rng(), 0, 1
    while kills < 10:
        workdir, addresses = tmp_path / f"killed{jobs}", free_addresses(2)
        scripts = [start(workdir, addresses, index, "--set=ae.epochs=40") for index in range(2)]
        victim = int(random.integers(2))
        time.sleep(random.uniform(2, 30))
        if scripts[victim].status is not None:  # done before it could be killed
            assert [script.wait()[0] for script in scripts] == [0, 0]
            same(undisturbed, workdir)
            jobs += 1
            continue
        scripts[victim].send(signal.SIGKILL)
        kills += 1
        status, output = scripts[1 - victim].wait()
        assert status == 0 or (status == 1 and "another worker of this job is gone" in output), output
        assert "Traceback" not in output
    same(undisturbed, job(workdir, 2, "--set=ae.epochs=40")[0])


def test_workers_read_each_row_of_a_batch_once():
    """In the order of one process: worker 0 has the first rows of each batch."""
    epochs = Epochs([np.arange(100)], 12, seed=3)
    epochs.begin(1)
    parts = [list(epochs._parts(3, worker, 6).as_numpy_iterator()) for worker in range(3)]
    assert {len(part) for part in parts} == {8 * 2} and parts[0][0].shape == (2,)
    shares = [np.reshape(part, (8, 4)) for part in parts]
    np.testing.assert_array_equal(np.concatenate(shares, axis=1), list(epochs.dataset().as_numpy_iterator()))


def test_a_batch_that_replicas_cannot_share_is_refused(monkeypatch):
    with strategy.make("mirrored").scope():
        with pytest.raises(
            ValueError, match="9, cannot be shared equally by 2 replicas; the nearest that can: 8 and 10"
        ):
            Epochs([np.arange(100)], 9, seed=0)
        with pytest.raises(ValueError, match="the nearest that can: 2$"):
            Epochs([np.arange(100)], 1, seed=0)


def test_a_job_goes_on_from_the_newest_epoch_that_all_workers_have(tmp_path):
    variable = keras.Variable(0.0)
    backup = Backup(tmp_path / "backup.npz", [variable])
    for epoch in (1, 2, 3):
        variable.assign(float(epoch))
        backup.save([{}] * epoch)
    assert len(backup.restore(lambda epochs: set(epochs) & {1, 2})) == 2 and float(variable.value) == 2.0
    assert backup.restore(lambda epochs: set(epochs) & {1}) == []
    assert len(backup.restore()) == 3 and float(variable.value) == 3.0


def test_the_workers_of_a_job_are_those_of_tf_config(monkeypatch):
    assert workers.cluster() == (1, 0) and workers.directory("runs/x") == "runs/x"
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    for kind, index, number in (("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)):
        task = {"cluster": cluster, "task": {"type": kind, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(task))
        assert workers.cluster() == (3, number) and strategy.resolve("auto") == "multi_worker"
        assert workers.directory("runs/x") == (f"runs/x-worker-{number}" if number else "runs/x")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            [["--seed=1"], ["--seed=2"]],
            "differ in what they are to train: worker 1 from worker 0; start the same command",
        ),
        ([["--strategy=single"]] * 2, "by which each of the 2 workers would train the whole run by itself"),
    ],
    ids=["seeds", "strategy"],
)
def test_workers_that_would_not_train_one_run_are_refused(tmp_path, flags, message):
    addresses = free_addresses(2)
    for script in [start(tmp_path / "run", addresses, index, *own) for index, own in enumerate(flags)]:
        status, output = script.wait()
        assert status == 2 and message in output and "Traceback" not in output, output
    assert not (tmp_path / "run").exists()


def test_workers_with_other_examples_are_refused(monkeypatch):
    monkeypatch.setattr(workers, "gathered", lambda numbers: np.array([[1], numbers]))
    images = np.zeros((160, 16, 16, 3), np.uint8)
    with pytest.raises(ValueError, match="differ in their examples: worker 1 .* Worker 0 has: 160 of 16x16x3"):
        workers.agree("their examples", described(images))
    assert described(images) != described(images + np.uint8(1))


def test_a_worker_that_does_not_end_is_ended(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(local_workers, "ENDING_S", 0.5)
    code = "import json, os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    code += "sys.exit(2) if json.loads(os.environ['TF_CONFIG'])['task']['index'] else time.sleep(3600)"
    assert local_workers.start(2, ["-c", code], tmp_path / "run") == 2


def test_local_workers_are_started_and_end_together(tmp_path, capfd):
    """One that fails ends all: the other would sleep for an hour."""
    code = (
        "import json, os, sys, time; index = json.loads(os.environ['TF_CONFIG'])['task']['index']; print('on', index)"
    )
    assert local_workers.start(2, ["-c", code], tmp_path / "run") == 0
    assert capfd.readouterr().out == "on 0\n" and (tmp_path / "run-worker-1.log").read_text() == "on 1\n"
    assert local_workers.start(2, ["-c", f"{code}; sys.exit(2) if index else time.sleep(3600)"], tmp_path / "run") == 2
    assert "error: worker 1 ended with status 2; its messages are in " in capfd.readouterr().err
