"""Versions that are served, and what happens while they change."""

import threading
import time

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import file_system_storage_path_source_pb2

from serving.server import versions
from serving.server.errors import ServingError
from serving.server.models import Models
from tests.served_models import (
    CODES,
    FakeServable,
    config,
    eventually,
    make,
    refuses,
    settle,
    starting,
    states,
    statuses,
    version_used,
)


@pytest.fixture
def start():
    with starting() as start:
        yield start


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", {123}),
        ("latest { num_versions: 0 }", {123}),
        ("latest { num_versions: 2 }", {123, 7}),
        ("all {}", {123, 7, 2}),
        ("specific { versions: 2 versions: 7 versions: 99 }", {2, 7}),
        ("specific {}", set()),
    ],
)
def test_policies(tmp_path, policy, expected):
    make(tmp_path, "00000123", 7, 2, "1_0", "x", "8.tmp", ".9", "9223372036854775808", "١")
    proto = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy()
    found = versions.wanted(versions.found(str(tmp_path)), text_format.Parse(policy, proto))
    assert set(found) == expected
    assert found.get(123) in (None, str(tmp_path / "00000123"))


def test_a_swap_waits_for_the_requests_inside(tmp_path, start):
    make(tmp_path, 1)
    models = start(config(("m", tmp_path)))
    with models.use("m") as old:
        make(tmp_path, 2)
        settle(models, {2: "AVAILABLE", 1: "UNLOADING"})
        assert version_used(models) == 2
        refuses(lambda: version_used(models, 1), CODES.NOT_FOUND, "Servable not found for request: Specific(m, 1)")
        assert not old.closed
    eventually(lambda: states(models) == {2: "AVAILABLE", 1: "END"})
    assert old.closed
    assert [version for version, *_ in statuses(models)] == [2, 1]
    assert statuses(models, version=1) == [(1, "END", "OK", "")]


def test_a_model_has_started_when_all_its_versions_have(tmp_path, start):
    make(tmp_path, 1, 2, 3)

    def load(name, version, path):
        if version == 3:
            raise OSError("broken")
        time.sleep(0.2 * version)
        return FakeServable(name, version, path)

    models = start(config(("m", tmp_path, "model_version_policy { all {} }")), load, retries=1, retry_wait_s=1000)
    assert states(models) == {3: "LOADING", 2: "AVAILABLE", 1: "AVAILABLE"}


def test_the_old_version_serves_until_the_new_one_is_loaded(tmp_path, start):
    make(tmp_path, 1)
    go = threading.Event()

    def load(name, version, path):
        if version == 2:
            assert go.wait(20)
        return FakeServable(name, version, path)

    models = start(config(("m", tmp_path)), load)
    make(tmp_path, 2)
    settle(models, {2: "LOADING", 1: "AVAILABLE"})
    assert version_used(models) == 1
    go.set()
    eventually(lambda: states(models) == {2: "AVAILABLE", 1: "END"})


def test_requests_never_fail_while_versions_change(tmp_path, start):
    make(tmp_path, 1)
    models = start(config(("m", tmp_path)))
    problems, done = [], threading.Event()

    def keep_asking():
        while not done.is_set():
            try:
                with models.use("m") as servable:
                    assert not servable.closed
            except Exception as error:
                problems.append(error)

    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 30):
        make(tmp_path, number)
        settle(models, {each: "AVAILABLE" if each == number else "END" for each in range(1, number + 1)})
    done.set()
    for thread in threads:
        thread.join()
    assert not problems


def test_removed_versions(tmp_path, start):
    make(tmp_path, 1, 2)
    models = start(config(("m", tmp_path)))
    assert states(models) == {2: "AVAILABLE"}
    (tmp_path / "2").rmdir()
    settle(models, {2: "END", 1: "AVAILABLE"})
    make(tmp_path, 2)
    settle(models, {2: "AVAILABLE", 1: "END"})
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    models.poll()
    assert version_used(models) == 2, "a base path out of reach unloads nothing"
    tmp_path.with_name("elsewhere").rename(tmp_path)
    for number in (1, 2):
        (tmp_path / str(number)).rmdir()
    settle(models, {2: "END", 1: "END"})
    refuses(lambda: version_used(models), CODES.NOT_FOUND, "Servable not found for request: Latest(m)")


def test_a_failed_version_leaves_the_old_one_alone_and_is_not_tried_again(tmp_path, start):
    make(tmp_path, 1)
    broken = {2}

    def load(name, version, path):
        if version in broken:
            raise ServingError(CODES.DATA_LOSS, "broken")
        return FakeServable(name, version, path)

    models = start(config(("m", tmp_path)), load)
    make(tmp_path, 2)
    settle(models, {2: "END", 1: "AVAILABLE"})
    assert statuses(models, version=2) == [(2, "END", "DATA_LOSS", "broken")]
    broken.clear()
    models.poll()
    assert states(models) == {2: "END", 1: "AVAILABLE"}, "repaired in place: still not tried"
    (tmp_path / "2").rmdir()
    models.poll()
    make(tmp_path, 2)
    settle(models, {2: "AVAILABLE", 1: "END"})


def test_a_load_that_fails_again_and_again_blocks_nobody(tmp_path, start):
    make(tmp_path / "m", 1)
    make(tmp_path / "n", 1)
    tries = []

    def load(name, version, path):
        if (name, version) == ("m", 2):
            tries.append(version)
            raise OSError("unreadable")
        return FakeServable(name, version, path)

    models = start(config(("m", tmp_path / "m"), ("n", tmp_path / "n")), load, retries=3, retry_wait_s=1000)
    make(tmp_path / "m", 2)
    settle(models, {2: "LOADING", 1: "AVAILABLE"})
    eventually(lambda: tries)
    make(tmp_path / "n", 2)
    settle(models, {2: "AVAILABLE", 1: "END"}, "n")
    make(tmp_path / "m", 3)
    settle(models, {3: "AVAILABLE", 2: "END", 1: "END"})  # 2 is wanted no more
    assert len(tries) == 1


def test_loads_are_tried_again(tmp_path, start):
    make(tmp_path, 1)
    tries = []

    def load(name, version, path):
        tries.append(version)
        if len(tries) < 3:
            raise OSError("not yet")
        return FakeServable(name, version, path)

    models = start(config(("m", tmp_path)), load, retries=2, retry_wait_s=0)
    assert states(models) == {1: "AVAILABLE"}
    assert len(tries) == 3


def test_a_model_that_cannot_start_says_why(tmp_path, start):
    make(tmp_path, 1)

    def load(name, version, path):
        raise ServingError(CODES.NOT_FOUND, "nothing here")

    text = "1 model(s) did not become available: {{{name: m version: 1} due to error: NOT_FOUND: nothing here}, }"
    refuses(lambda: start(config(("m", tmp_path)), load), CODES.UNKNOWN, text)


def test_an_empty_base_path_is_waited_for(tmp_path):
    models = Models(FakeServable, poll_wait_s=0.01, retries=0)
    models.start()
    new = models.configure(config(("m", tmp_path / "later")))
    waiting = threading.Thread(target=lambda: models.wait(new, for_versions=True))
    waiting.start()
    refuses(lambda: models.wait(new, for_versions=False), CODES.UNKNOWN, models_without(tmp_path / "later"))
    make(tmp_path / "later", 5)
    waiting.join(20)
    assert states(models) == {5: "AVAILABLE"}
    models.stop()


def models_without(path):
    text = f"Could not find base path {path} for servable m: No such file or directory"
    return f"1 model(s) did not become available: {{{{{{name: m}} due to error: NOT_FOUND: {text}}}, }}"


def test_a_start_beside_a_broken_version_serves_the_one_before(tmp_path, start):
    make(tmp_path, 1, 2, 3, 4)
    repaired = threading.Event()

    def load(name, version, path):
        if version > 2 and not repaired.is_set():
            raise ServingError(CODES.DATA_LOSS, "broken")
        return FakeServable(name, version, path)

    models = start(config(("m", tmp_path)), load)
    eventually(lambda: states(models) == {4: "END", 3: "END", 2: "AVAILABLE"})
    models.poll()
    assert states(models) == {4: "END", 3: "END", 2: "AVAILABLE"}
    repaired.set()
    make(tmp_path, 5)
    settle(models, {5: "AVAILABLE", 4: "END", 3: "END", 2: "END"})
