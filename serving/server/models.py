"""The models of the server: which versions are loaded, which are wanted, and the swaps between them."""

import contextlib
import os
import threading
from typing import NamedTuple

import grpc
from absl import logging
from tensorflow_serving.config import model_server_config_pb2

from serving.server import model_config, versions
from serving.server.errors import ServingError, as_serving_error, invalid_argument

OK = grpc.StatusCode.OK


class VersionStatus(NamedTuple):
    """Of one version, in TensorFlow Serving's words: state "AVAILABLE", code "OK" and no message, for example."""

    version: int
    state: str
    code: str
    message: str


class Version:
    """One number of a model on its way from START to END."""

    def __init__(self, name, number, path):
        self.name, self.number, self.path = name, number, path
        self.state, self.code, self.message = "START", OK, ""
        self.wanted = True
        self.troubled = False  # a try to load it failed, and none has succeeded since
        self.servable = None
        self.users = 0  # requests inside; the servable is closed when they have left

    def __str__(self):
        return f"{{name: {self.name} version: {self.number}}}"

    @property
    def failed(self):
        return self.state == "END" and self.code != OK


class Models:
    """Loads, swaps and unloads what the configuration and the base paths say, and lends it to requests.

    `load(name, number, path)` returns a warm Servable. A load that failed is tried `retries` more times, `retry_wait_s`
    apart.
    """

    def __init__(self, load, *, poll_wait_s=1.0, retries=5, retry_wait_s=60.0, labels_for_unavailable=False):
        self._load, self._poll_wait_s, self._retries, self._retry_wait_s = load, poll_wait_s, retries, retry_wait_s
        self._labels_for_unavailable = labels_for_unavailable
        self._config = model_server_config_pb2.ModelServerConfig()
        self._versions = {}  # model name -> {number: Version}, the ended ones too
        self._labels = {}  # model name -> {label: number}
        self._troubles = {}  # model name -> what is wrong with its base path, said once
        self._changed = threading.Condition()  # guards all of the above, and tells of changes
        self._polling = threading.Lock()
        self._loading = threading.BoundedSemaphore(os.cpu_count())  # a failed load waits for its next try outside
        self._stopped = threading.Event()

    # Requests

    @contextlib.contextmanager
    def use(self, name, version=None, label=None):
        """Lends the Servable: the highest version that is ready, a number, or what a label points to."""
        lent = self._borrow(name, version, label)
        try:
            yield lent.servable
        finally:
            with self._changed:
                lent.users -= 1
                if not lent.users and lent.state == "UNLOADING":
                    self._changed.notify_all()

    def _borrow(self, name, number, label):
        if not name:
            raise invalid_argument("ModelSpec has no name specified.")
        with self._changed:
            if label is not None:
                number = self._labels.get(name, {}).get(label)
                if number is None:
                    raise invalid_argument(f"Unrecognized servable version label: {label}")
            ready = {each.number: each for each in self._of(name) if each.state == "AVAILABLE"}
            found = ready.get(max(ready, default=None) if number is None else number)
            if not found:
                request = f"Latest({name})" if number is None else f"Specific({name}, {number})"
                raise ServingError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {request}")
            found.users += 1
            return found

    def status(self, name, version=None):
        """[VersionStatus] of all versions, or of one, newest first."""
        with self._changed:
            known = [each for each in self._of(name) if version in (None, each.number)]
            if not known:
                what = "any versions" if version is None else f"version {version}"
                raise ServingError(grpc.StatusCode.NOT_FOUND, f"Could not find {what} of model {name}")
            return [
                VersionStatus(each.number, each.state, each.code.name, each.message)
                for each in sorted(known, key=lambda each: -each.number)
            ]

    def names(self):
        with self._changed:
            return [model.name for model in self._config.model_config_list.config]

    def _of(self, name):
        return self._versions.get(name, {}).values()

    # Configuration

    def configure(self, config):
        """Takes over a ModelServerConfig whole or, raising, not at all. Returns the names of models that are new."""
        with self._changed:
            model_config.check(self._config, config)
            labels = {model.name: self._checked_labels(model) for model in config.model_config_list.config}
            new = {model.name for model in config.model_config_list.config} - set(self.names())
            self._config, self._labels = config, labels
        self.poll()
        return new

    def _checked_labels(self, model):
        available = {each.number for each in self._of(model.name) if each.state == "AVAILABLE"}
        old = self._labels.get(model.name, {})
        for label, number in model.version_labels.items():
            movable = self._labels_for_unavailable and old.get(label, number) == number
            if number not in available and not movable:
                text = (
                    f"Request to assign label to version {number} of model {model.name}, which is not currently "
                    "available for inference"
                )
                raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, text)
        return dict(model.version_labels)

    def wait(self, names, *, for_versions, going=lambda: True):
        """Until each model has a version available and no other on its way; raises when one cannot.

        `for_versions`: waits also where the base path holds none yet.
        """
        with self._changed:
            while going() and not self._stopped.is_set():
                waiting = [name for name in names if not self._settled(name)]
                failures = [failure for name in waiting for failure in self._failures(name, for_versions)]
                if failures:
                    text = "".join(f"{{{failure}}}, " for failure in failures)
                    text = f"{len(failures)} model(s) did not become available: {{{text}}}"
                    raise ServingError(grpc.StatusCode.UNKNOWN, text)
                if not waiting:
                    return
                self._changed.wait(0.2)  # `going` may change without a word

    def _settled(self, name):
        """Whether something serves, and whatever else may still come has failed before."""
        coming = any(each.state in ("START", "LOADING") and not each.troubled for each in self._of(name))
        return not coming and any(each.state == "AVAILABLE" for each in self._of(name))

    def _failures(self, name, for_versions):
        """What to say of a model that will not become available as things stand."""
        wanted = [each for each in self._of(name) if each.wanted]
        if not wanted and not for_versions:
            return [f"{{name: {name}}} due to error: NOT_FOUND: {self._troubles.get(name, 'no version')}"]
        if wanted and all(each.failed for each in wanted):
            return [f"{each} due to error: {each.code.name}: {each.message}" for each in wanted]
        return []

    # Versions

    def start(self):
        """Begins to watch the base paths."""
        if self._poll_wait_s > 0:
            threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def stop(self):
        """Ends the watch and the waiting for retries."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def _watch(self):
        while not self._stopped.wait(self._poll_wait_s):
            try:
                self.poll()
            except Exception:  # the watch must outlive anything that it meets
                logging.exception("The base paths could not be looked through")

    def poll(self):
        """Looks through all base paths and begins the loading and unloading that follows."""
        with self._polling:
            config = self._config
            found = {model.name: self._find(model) for model in config.model_config_list.config}
            with self._changed:
                for name in {*self._versions, *found}:
                    if found.get(name, {}) is not None:
                        self._want(name, found.get(name, {}))

    def _find(self, model):
        """{number: folder}; None where the base path cannot be read: what is loaded stays."""
        try:
            numbers = versions.found(model.base_path)
            with self._changed:
                for version in self._of(model.name):
                    version.troubled = version.troubled and version.number in numbers
                troubled = {version.number for version in self._of(model.name) if version.troubled}
            numbers = versions.wanted(numbers, model.model_version_policy, troubled)
            trouble = f"No versions of servable {model.name} found under base path {model.base_path}"
        except OSError as error:
            numbers = None
            trouble = f"Could not find base path {model.base_path} for servable {model.name}: {error.strerror}"
        trouble = None if numbers else trouble
        if trouble and self._troubles.get(model.name) != trouble:
            logging.warning("%s", trouble)
        self._troubles[model.name] = trouble
        return numbers

    def _want(self, name, folders):
        known = self._versions.setdefault(name, {})
        for number, path in folders.items():
            old = known.get(number)
            # A number that failed is not tried again before it was gone from the disk.
            if old is None or (old.state == "END" and not old.wanted):
                known[number] = Version(name, number, path)
                threading.Thread(target=self._bring_up, args=(known[number],), name=f"load {name}", daemon=True).start()
        for version in known.values():
            version.wanted = version.number in folders
        self._retire(name)
        self._changed.notify_all()

    def _bring_up(self, version):
        """Loads, again where it fails, and publishes."""
        self._move(version, "LOADING")
        error = ServingError(OK, "")
        for attempt in range(self._retries + 1):
            with self._changed:
                if attempt:
                    self._changed.wait_for(lambda: self._stopped.is_set() or not version.wanted, self._retry_wait_s)
                if self._stopped.is_set() or not version.wanted:
                    break
            try:
                logging.info("Loading servable version %s from %s", version, version.path)
                with self._loading:
                    version.servable = self._load(version.name, version.number, version.path)
            except Exception as problem:  # whatever a folder may hold, it is only this version that fails
                error = as_serving_error(problem)
                logging.error("Loading servable %s failed: %s: %s", version, error.code.name, error.message)
                version.troubled = True
                self.poll()  # an older version may have to serve meanwhile
            else:
                version.troubled = False
                self._move(version, "AVAILABLE")
                logging.info("Successfully loaded servable version %s", version)
                return
        self._move(version, "END", error.code, error.message)

    def _move(self, version, state, code=OK, message=""):
        with self._changed:
            version.state, version.code, version.message = state, code, message
            self._retire(version.name)
            self._changed.notify_all()

    def _retire(self, name):
        """Begins to unload what is not wanted, but never the last one that serves while a wanted one is on its way."""
        ready = sorted((each for each in self._of(name) if each.state == "AVAILABLE"), key=lambda each: each.number)
        unwanted = [each for each in ready if not each.wanted]
        if len(unwanted) == len(ready) and any(each.wanted for each in self._of(name)):
            unwanted = unwanted[:-1]
        for version in unwanted:
            version.state = "UNLOADING"
            threading.Thread(target=self._take_down, args=(version,), name=f"unload {name}", daemon=True).start()

    def _take_down(self, version):
        with self._changed:
            self._changed.wait_for(lambda: not version.users)
        version.servable.close()
        version.servable = None
        self._move(version, "END")
        logging.info("Done unloading servable version %s", version)
