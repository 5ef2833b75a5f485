"""Models of small or pretended SavedModels, for the tests of serving."""

import contextlib
import time

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import ServingError
from serving.server.models import Models

CODES = grpc.StatusCode
NAMES = {code.value[0]: code.name for code in CODES}


class FakeServable:
    def __init__(self, name, version, path):
        self.name, self.version, self.path, self.closed = name, version, path, False

    def close(self):
        self.closed = True


def config(*models):
    """A ModelServerConfig of (name, base path, more text)."""
    text = "".join(
        f"config {{ name: '{name}' base_path: '{path}' model_platform: 'tensorflow' {' '.join(more)} }}"
        for name, path, *more in models
    )
    parsed = text_format.Parse(f"model_config_list {{ {text} }}", model_server_config_pb2.ModelServerConfig())
    return parsed


def eventually(condition):
    """Wait for what other threads are about to do; a hang is a failure."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)


def statuses(models, name="m", version=None):
    """[(version, state, code, message)], as they are told."""
    return [
        (each.version, each.State.Name(each.state), NAMES[each.status.error_code], each.status.error_message)
        for each in models.status(name, version).model_version_status
    ]


def states(models, name="m"):
    return {version: state for version, state, *_ in statuses(models, name)}


def settle(models, expected, name="m"):
    models.poll()
    eventually(lambda: states(models, name) == expected)


def make(base_path, *numbers):
    for number in numbers:
        (base_path / str(number)).mkdir(parents=True)


@contextlib.contextmanager
def starting():
    """A function that makes Models of a config, loaded; polls are the test's own."""
    started = []

    def start(configuration, load=FakeServable, **options):
        models = Models(load, poll_wait_s=0, **{"retries": 0, **options})
        started.append(models)
        models.wait(models.configure(configuration), for_versions=True)
        return models

    yield start
    for models in started:
        models.stop()


def refuses(call, code, message):
    with pytest.raises(ServingError) as raised:
        call()
    assert (raised.value.code, raised.value.message) == (code, message)


def version_used(models, *choice):
    with models.use("m", *choice) as servable:
        return servable.version
