"""Fixtures: data for tests, a trained run, and two logical processors to be replicas."""

import os
import pathlib

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def real_data_dir():
    """A TFDS directory: $KERAS_VAE_DATA, or shared/tfds beside the checkout. Skips where there is none."""
    beside = pathlib.Path(__file__).resolve().parents[2] / "shared" / "tfds"
    found = pathlib.Path(os.environ.get("KERAS_VAE_DATA", beside))
    if not found.is_dir():
        pytest.skip(f"no prepared data in {found}; set KERAS_VAE_DATA to a TFDS directory")
    return str(found)


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """The directory of a small trained run of VAE+, tiny.CONFIG; tests must not change it."""
    import keras_vae as kv
    from tests import tiny

    workdir = tmp_path_factory.mktemp("runs") / "run"
    kv.train(tiny.CONFIG, workdir)
    return workdir


@pytest.fixture(scope="session")
def stack(run):
    """The stack of that run, loaded; its graphs are made once. Tests must not change it either."""
    import keras_vae as kv

    return kv.load(run)


@pytest.fixture(scope="session")
def exported(run, tmp_path_factory):
    """The directory of version 1 of an export of that run."""
    import keras_vae as kv

    return kv.export(run, tmp_path_factory.mktemp("exported") / "vae")


@pytest.fixture(scope="session")
def points(tmp_path_factory):
    """The directory of a small trained run on points."""
    import keras_vae as kv
    from tests import tiny

    workdir = tmp_path_factory.mktemp("runs") / "points"
    stage = kv.StageConfig("vae", "gaussian_vae", "affine", 3, **tiny.NUMBERS)
    kv.train(kv.Config("subspace", (stage,), {"dimension": 6, "rank": 2, "count": 64}), workdir)
    return workdir


def pytest_configure():
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
