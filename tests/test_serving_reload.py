"""Changes of the configuration: labels, new models, and what is refused."""

import pytest
from tensorflow_serving.config import model_server_config_pb2

from tests.served_models import CODES, config, eventually, make, refuses, starting, states, version_used


@pytest.fixture
def start():
    with starting() as start:
        yield start


def test_labels(tmp_path, start):
    make(tmp_path, 1, 2)
    both = ("m", tmp_path, "model_version_policy { all {} }")
    models = start(config(both))
    eventually(lambda: states(models) == {1: "AVAILABLE", 2: "AVAILABLE"})
    models.configure(config((*both, "version_labels { key: 'stable' value: 1 }")))
    assert version_used(models, None, "stable") == 1
    unavailable = "Request to assign label to version 9 of model m, which is not currently available for inference"
    wrong = config((*both, "version_labels { key: 'stable' value: 9 }"))
    refuses(lambda: models.configure(wrong), CODES.FAILED_PRECONDITION, unavailable)
    assert version_used(models, None, "stable") == 1
    models.configure(config((*both, "version_labels { key: 'canary' value: 2 }")))
    assert version_used(models, None, "canary") == 2
    text = "Unrecognized servable version label: stable"
    refuses(lambda: version_used(models, None, "stable"), CODES.INVALID_ARGUMENT, text)


def test_labels_for_versions_to_come(tmp_path, start):
    make(tmp_path, 1)
    labelled = config(("m", tmp_path, "version_labels { key: 'stable' value: 1 }"))
    text = "Request to assign label to version 1 of model m, which is not currently available for inference"
    refuses(lambda: start(labelled), CODES.FAILED_PRECONDITION, text)
    models = start(labelled, labels_for_unavailable=True)
    assert version_used(models, None, "stable") == 1
    moved = config(("m", tmp_path, "version_labels { key: 'stable' value: 2 }"))
    text = text.replace("version 1", "version 2")
    refuses(lambda: models.configure(moved), CODES.FAILED_PRECONDITION, text)


def test_reload_replaces_the_list(tmp_path, start):
    make(tmp_path / "m", 1)
    make(tmp_path / "n", 1)
    models = start(config(("m", tmp_path / "m")))
    assert models.configure(config(("n", tmp_path / "n"))) == {"n"}
    models.wait({"n"}, for_versions=False)
    assert models.names() == ["n"]
    eventually(lambda: states(models, "m") == {1: "END"})
    refuses(lambda: version_used(models), CODES.NOT_FOUND, "Servable not found for request: Latest(m)")
    assert models.configure(config(("n", tmp_path / "n", "model_version_policy { all {} }"))) == set()


PLATFORM = 'to have model_platform: "tensorflow", or else the deprecated model_type: TENSORFLOW'


@pytest.mark.parametrize(
    ("models", "text"),
    [
        ("a b a", "Illegal to list model a multiple times in config list"),
        ("relative", "Expected model relative to have an absolute path or URI; got base_path()=some/where"),
        ("m-other", f'Expected model m {PLATFORM}; got "other" and type 0'),
        ("n-other", f'Expected model n {PLATFORM}; got "other" and type 0'),
        ("n-", f'Expected model n {PLATFORM}; got "" and type 0'),
        ("both", f'Expected model both {PLATFORM}; got "tensorflow" and type 1'),
    ],
)
def test_a_refused_reload_changes_nothing(tmp_path, start, models, text):
    make(tmp_path, 1)
    running = start(config(("m", tmp_path)))
    wrong = config()
    wrong.model_config_list.SetInParent()
    for word in models.split():
        name, _, platform = word.partition("-")
        entry = wrong.model_config_list.config.add(name=name, base_path=str(tmp_path), model_platform="tensorflow")
        if "-" in word:
            entry.model_platform = platform
        if name == "relative":
            entry.base_path = "some/where"
        if name == "both":
            entry.model_type = model_server_config_pb2.TENSORFLOW
    refuses(lambda: running.configure(wrong), CODES.INVALID_ARGUMENT, text)
    assert running.names() == ["m"]
    assert running.configure(config(("m", tmp_path), ("n", tmp_path))) == {"n"}


def test_the_deprecated_type_stands_for_the_platform(tmp_path, start):
    make(tmp_path, 1)
    typed = config(("m", tmp_path))
    typed.model_config_list.config[0].model_type = model_server_config_pb2.TENSORFLOW
    typed.model_config_list.config[0].ClearField("model_platform")
    assert version_used(start(typed)) == 1


def test_an_empty_file_unloads_nothing(tmp_path, start):
    make(tmp_path, 1)
    models = start(config(("m", tmp_path)))
    text = "Cannot transition to requested config: only a model_config_list may take the place of another one"
    refuses(lambda: models.configure(model_server_config_pb2.ModelServerConfig()), CODES.FAILED_PRECONDITION, text)
    assert version_used(models) == 1
    assert start(model_server_config_pb2.ModelServerConfig()).names() == []
