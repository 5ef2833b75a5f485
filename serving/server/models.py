"""The models of the server: which versions are loaded, which are wanted, and the swaps between them."""

import contextlib
import math
import os
import threading
from concurrent import futures
from time import monotonic

import grpc
from absl import logging
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.server import model_config, versions
from serving.server.errors import ServingError, as_serving_error, invalid_argument

OK = grpc.StatusCode.OK
NOTHING = ({}, None)  # found for a model that is not configured: no folders, no policy
INCOMPLETE_WAIT_S = 1.0  # a folder that is still being copied is looked at again this often


class Version:
    """One folder of a model on its way START, LOADING, AVAILABLE, UNLOADING, END: never back.

    A number that is wanted again when it has begun to leave, or whose folder was away, is another Version.
    """

    def __init__(self, name, number, path):
        self.name, self.number, self.path = name, number, path
        self.state, self.code, self.message = "START", OK, ""
        self.wanted, self.gone = True, False
        self.tries, self.due = 0, 0.0  # loads that failed, and when the next may begin
        self.troubled = ""  # why the last try failed
        self.seen = []  # what its folder held when that began
        self.busy = False  # a thread loads or closes it
        self.servable = None
        self.users = 0  # requests inside; the servable is closed when they have left

    def __str__(self):
        return f"{{name: {self.name} version: {self.number}}}"


class Models:
    """Loads, swaps and unloads what the configuration and the base paths say, and lends it to requests.

    `load(name, number, path)`, run in the `pool`, returns a warm Servable. Where it failed it is tried `retries` more
    times, `retry_wait_s` apart, and whenever the folder has changed; where that is incomplete, until it is whole.
    """

    def __init__(
        self, load, *, poll_wait_s, retries=5, retry_wait_s=60, labels_for_unavailable=False, pool=None, clock=monotonic
    ):
        self._load, self._poll_wait_s, self._retries, self._retry_wait_s = load, poll_wait_s, retries, retry_wait_s
        self._labels_for_unavailable = labels_for_unavailable
        self._pool = futures.ThreadPoolExecutor(os.cpu_count(), "load") if pool is None else pool
        self._clock = clock
        self._config = model_server_config_pb2.ModelServerConfig()
        self._versions = {}  # model name -> [Version], the oldest first; of the ended ones each number's newest
        self._labels = {}  # model name -> {label: number}
        self._found = {}  # model name -> ({number: folder} of its base path, policy), of all that ever were configured
        self._troubles = {}  # model name -> what is wrong with its base path, said once
        self._listeners = []
        self._changed = threading.Condition()  # guards all of the above, and tells of changes
        self._polling = threading.Lock()
        self._stopped = threading.Event()

    @contextlib.contextmanager
    def use(self, name, version=None, label=None):
        """Lends the Servable: the highest version that is ready, a number, or what a label points to."""
        if not name:
            raise invalid_argument("ModelSpec has no name specified.")
        with self._changed:
            if label is not None:
                version = self._labels.get(name, {}).get(label)
                if version is None:
                    raise invalid_argument(f"Unrecognized servable version label: {label}")
            ready = {each.number: each for each in self._ready(name)}
            lent = ready.get(max(ready, default=None) if version is None else version)
            if not lent:
                request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
                raise ServingError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {request}")
            lent.users += 1
        try:
            yield lent.servable
        finally:
            with self._changed:
                lent.users -= 1
                if not lent.users and lent.state == "UNLOADING":
                    self._reconcile(lent.name)

    def status(self, name, version=None):
        """The GetModelStatusResponse of all versions, or of one, newest first; of a number, of what serves."""
        response = get_model_status_pb2.GetModelStatusResponse()
        with self._changed:
            shown = {each.number: each for each in sorted(self._of(name), key=lambda each: each.state == "AVAILABLE")}
            for number in sorted(shown, reverse=True) if version is None else shown.keys() & {version}:
                row = response.model_version_status.add(version=number, state=shown[number].state)
                row.status.error_code, row.status.error_message = shown[number].code.value[0], shown[number].message
        if not response.model_version_status:
            what = "any versions" if version is None else f"version {version}"
            raise ServingError(grpc.StatusCode.NOT_FOUND, f"Could not find {what} of model {name}")
        return response

    def names(self):
        """The models of the configuration, whether or not they serve."""
        return list(self._labels)

    def listen(self, listener):
        """Calls `listener` with {model name: whether a version serves}, now and after each change; it must be quick."""
        with self._changed:
            self._listeners.append(listener)
            self._tell()

    def _tell(self):
        self._changed.notify_all()
        serving = {name: bool(self._ready(name)) for name in self.names()}
        for listener in self._listeners:
            listener(serving)

    def _of(self, name):
        return self._versions.get(name, [])

    def _ready(self, name):
        return [each for each in self._of(name) if each.state == "AVAILABLE"]

    def configure(self, config):
        """Takes over a ModelServerConfig whole or, raising, not at all. Returns the names of models that are new."""
        with self._changed:
            model_config.check(self._config, config)
            labels = {model.name: self._checked_labels(model) for model in config.model_config_list.config}
            new = labels.keys() - self._labels.keys()
            self._config, self._labels = config, labels
            self._tell()
        self.poll()
        return new

    def _checked_labels(self, model):
        available = {each.number for each in self._ready(model.name)}
        old = self._labels.get(model.name, {})
        for label, number in model.version_labels.items():
            movable = self._labels_for_unavailable and old.get(label, number) == number
            if number not in available and not movable:
                target = f"version {number} of model {model.name}, which is not currently available for inference"
                raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, f"Request to assign label to {target}")
        return dict(model.version_labels)

    def wait(self, names, *, for_versions, going=lambda: True):
        """Waits until each model serves all it can, with `for_versions` for its first one too; raises if it cannot."""
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
        """Return True where something serves, and whatever else may still come has failed before."""
        coming = any(each.state in ("START", "LOADING") and not each.troubled for each in self._of(name))
        return not coming and bool(self._ready(name))

    def _failures(self, name, for_versions):
        """Return the failures of a model that will not become available as things stand."""
        wanted = [each for each in self._of(name) if each.wanted]
        if not wanted and not for_versions:
            return [f"{{name: {name}}} due to error: NOT_FOUND: {self._troubles.get(name, 'no version')}"]
        if all(each.state == "END" for each in wanted):
            return [f"{each} due to error: {each.code.name}: {each.message}" for each in wanted]
        return []

    def start(self):
        """Begins to watch the base paths, and to try again what failed."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def stop(self):
        """Ends the watch, the waiting and the retries."""
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            self._changed.notify_all()

    def _watch(self):
        wait_s = self._poll_wait_s if self._poll_wait_s > 0 else math.inf
        poll_due = self._clock() + wait_s
        while not self._stopped.is_set():
            with self._changed:
                retries = [each.due for own in self._versions.values() for each in own if self._waits(each)]
                pause_s = min([poll_due, *retries]) - self._clock()
                self._changed.wait(min(pause_s, threading.TIMEOUT_MAX))
            self.retry()
            if poll_due <= self._clock():
                try:
                    self.poll()
                except Exception:  # the watch must outlive anything that it meets
                    logging.exception("The base paths could not be looked through")
                poll_due = self._clock() + wait_s

    def retry(self):
        """Begins the loads whose time has come."""
        with self._changed:
            for name in self._versions:
                self._reconcile(name)

    def poll(self):
        """Looks through all base paths and begins the loading and unloading that follows."""
        with self._polling:
            models = self._config.model_config_list.config
            found = dict.fromkeys(self._found, NOTHING) | {model.name: self._find(model) for model in models}
            with self._changed:
                failed = [each for own in self._versions.values() for each in own if each.troubled and not each.busy]
            changed = [each for each in failed if versions.contents(each.path) != each.seen]
            with self._changed:
                for version in changed:  # it may load now: begin anew
                    version.gone |= version.state == "END"
                    version.tries, version.due = 0, 0.0
                self._found = found
                for name in found:
                    self._want(name)

    def _find(self, model):
        """{number: folder} and policy from now on; what it was before where the base path cannot be read."""
        found, trouble = self._found.get(model.name, NOTHING), ""
        try:
            found = versions.found(model.base_path), model.model_version_policy
            if not versions.wanted(*found):
                trouble = f"No versions of servable {model.name} found under base path {model.base_path}"
        except OSError as error:
            trouble = f"Could not find base path {model.base_path} for servable {model.name}: {error.strerror}"
        if trouble and self._troubles.get(model.name) != trouble:
            logging.warning("%s", trouble)
        self._troubles[model.name] = trouble
        return found

    # From state to state, each step where the lock is held

    def _want(self, name):
        """Marks what the policy wants of the numbers found, and begins what follows."""
        found, policy = self._found[name]
        known = self._versions.setdefault(name, [])
        for version in known:
            version.gone |= found.get(version.number) != version.path
        newest = {each.number: each for each in known}
        troubled = [number for number, each in newest.items() if each.troubled and not each.gone]
        wanted = versions.wanted(found, policy, troubled) if policy else {}
        for number, path in wanted.items():
            old = newest.get(number)
            # A number that failed is not tried again before its folder has changed, or it was unwanted for a while.
            if not old or old.gone or old.state == "UNLOADING" or (old.state == "END" and not old.wanted):
                known.append(Version(name, number, path))
        newest = {each.number: each for each in known}
        for version in known:
            version.wanted = version.number in wanted and newest[version.number] is version
        self._reconcile(name)

    def _reconcile(self, name):
        """Begins whatever brings the model nearer to what is wanted; to be called after every change."""
        if self._stopped.is_set():
            return
        known = self._versions[name]
        for version in known:
            if self._waits(version) and not version.wanted:
                version.state = "END"
            elif self._waits(version) and version.due <= self._clock():
                version.state, version.busy = "LOADING", True
                self._pool.submit(self._bring_up, version)
        ready = sorted(self._ready(name), key=lambda each: each.number)
        unwanted = [each for each in ready if not each.wanted]
        if unwanted == ready and any(each.wanted for each in known):
            unwanted = ready[:-1]  # the last one that serves stays while a wanted one is on its way
        for version in unwanted:
            version.state = "UNLOADING"
        for version in known:
            if version.state == "UNLOADING" and not version.users and not version.busy:
                version.busy = True
                self._pool.submit(self._take_down, version)
        newest = {each.number: each for each in known}
        self._versions[name] = [each for each in known if each.state != "END" or newest[each.number] is each]
        self._tell()

    def _waits(self, version):
        return version.state in ("START", "LOADING") and not version.busy

    def _bring_up(self, version):
        """Loads and publishes, or says when to try again."""
        if not version.troubled:
            logging.info("Loading servable version %s from %s", version, version.path)
        version.seen = versions.contents(version.path)
        try:
            servable = self._load(version.name, version.number, version.path)
        except Exception as problem:  # whatever a folder may hold, it is only this version that fails
            self._failed(version, as_serving_error(problem))
            return
        with self._changed:
            version.busy, version.troubled, version.servable, version.state = False, "", servable, "AVAILABLE"
            self._want(version.name)  # another may have served in its place
        logging.info("Successfully loaded servable version %s", version)

    def _failed(self, version, error):
        with self._changed:
            version.busy = False
            if error.message != version.troubled:
                logging.error("Loading servable %s failed: %s: %s", version, error.code.name, error.message)
            version.troubled = error.message or error.code.name
            if isinstance(error, versions.IncompleteError):
                version.due = self._clock() + min(self._retry_wait_s, INCOMPLETE_WAIT_S)
            else:
                version.tries += 1
                version.due = self._clock() + self._retry_wait_s
            if version.tries > self._retries:
                version.state, version.code, version.message = "END", error.code, error.message
            self._want(version.name)  # an older version may have to serve meanwhile

    def _take_down(self, version):
        try:
            version.servable.close()
        finally:
            with self._changed:
                version.busy, version.servable, version.state = False, None, "END"
                self._reconcile(version.name)
        logging.info("Done unloading servable version %s", version)
