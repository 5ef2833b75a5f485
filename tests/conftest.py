"""Fixtures: data for tests, and two logical processors to be replicas."""

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


def pytest_configure():
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
