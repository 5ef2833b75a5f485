"""Where tests marked real_data find their data."""

import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def real_data_dir():
    """A TFDS directory: $KERAS_VAE_DATA, or shared/tfds beside the checkout. Skips where there is none."""
    beside = pathlib.Path(__file__).resolve().parents[2] / "shared" / "tfds"
    found = pathlib.Path(os.environ.get("KERAS_VAE_DATA", beside))
    if not found.is_dir():
        pytest.skip(f"no prepared data in {found}; set KERAS_VAE_DATA to a TFDS directory")
    return str(found)
