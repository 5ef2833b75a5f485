"""Fixtures: data for tests, a trained run, and two logical processors to be replicas."""

import fcntl
import os
import pathlib

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as the scripts do, whose results are compared


@pytest.fixture(scope="session")
def real_data_dir():
    """A TFDS directory: $KERAS_VAE_DATA, or shared/tfds beside the checkout. Skips where there is none."""
    beside = pathlib.Path(__file__).resolve().parents[2] / "shared" / "tfds"
    found = pathlib.Path(os.environ.get("KERAS_VAE_DATA", beside))
    if not found.is_dir():
        pytest.skip(f"no prepared data in {found}; set KERAS_VAE_DATA to a TFDS directory")
    return str(found)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """A function (name, make): the directory `name`, made by make(directory) once for all processes of pytest."""
    shared = tmp_path_factory.getbasetemp()
    shared = (shared if worker_id == "master" else shared.parent) / "made_once"
    shared.mkdir(exist_ok=True)

    def get(name, make):
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.made").exists():
                make(shared / name)
                (shared / f"{name}.made").touch()
        return shared / name

    return get


@pytest.fixture(scope="session")
def run(made_once):
    """The directory of a small trained run of VAE+, tiny.CONFIG; tests must not change it."""
    import keras_vae as kv
    from tests import tiny

    return made_once("run", lambda workdir: kv.train(tiny.CONFIG, workdir))


@pytest.fixture(scope="session")
def stack(run):
    """The stack of that run, loaded; its graphs are made once. Tests must not change it either."""
    import keras_vae as kv

    return kv.load(run)


@pytest.fixture(scope="session")
def exported(run, made_once):
    """The directory of version 1 of an export of that run."""
    import keras_vae as kv

    return made_once("exported", lambda folder: kv.export(run, folder)) / "1"


@pytest.fixture(scope="session")
def points(made_once):
    """The directory of a small trained run on points."""
    import keras_vae as kv
    from tests import tiny

    stage = kv.StageConfig("vae", "gaussian_vae", "affine", 3, **tiny.NUMBERS)
    config = kv.Config("subspace", (stage,), {"dimension": 6, "rank": 2, "count": 64})
    return made_once("points", lambda workdir: kv.train(config, workdir))


# Files with few and long tests; begun last, they would leave the other processors without work. The first two need no
# fixture that the other one makes, and would wait for.
LONG = (
    "test_exporting.py",
    "test_processes",
    "test_training_precision",
    "test_training_devices",
    "test_exporting",
    "test_theory",
    "test_evaluation",
    "test_serving_local",
    "test_training",
    "test_workers",
    "test_written_before",
)


def pytest_collection_modifyitems(items):
    def place(item):
        return next((place for place, start in enumerate(LONG) if item.path.name.startswith(start)), len(LONG))

    items.sort(key=place)


def pytest_configure(config):
    if getattr(config.option, "numprocesses", None):  # this process only hands out tests: it needs no TensorFlow
        return
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
