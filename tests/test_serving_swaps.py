"""Model check: random swaps, rollbacks, failing loads and slow requests against a small reference of what must serve.

No thread, no clock, no disk: the pool is a list of jobs of which any may be next, and folders are a dictionary.
"""

import contextlib
import random

import pytest

from serving.server import versions
from serving.server.errors import ServingError
from serving.server.models import Models
from tests.served_models import CODES, config, states

RETRIES, RETRY_WAIT_S, STEPS = 2, 60.0, 60
POLICIES = {
    "latest": "model_version_policy { latest { num_versions: 1 } }",
    "two": "model_version_policy { latest { num_versions: 2 } }",
    "all": "model_version_policy { all {} }",
    "first": "model_version_policy { specific { versions: 1 } }",
}


class Jobs(list):
    """Stands in for the pool."""

    def submit(self, *job):
        self.append(job)

    def shutdown(self, **_):
        self.clear()


class Content:
    """Content of a folder: it loads, always fails, fails a few times, or is not whole yet."""

    def __init__(self, kind, failures=0):
        self.kind, self.failures = kind, failures

    @property
    def sound(self):
        return self.kind in ("good", "flaky")


class Loaded:
    def __init__(self, number, content):
        self.version, self.content, self.closed, self.users = number, content, False, 0

    def close(self):
        assert not self.users, "unloaded under a request"
        assert not self.closed
        self.closed = True


class World:
    """Models among folders, jobs and requests that a test moves by hand, and what is expected of them."""

    def __init__(self, seed, monkeypatch):
        self.chance = random.Random(seed)
        self.folders, self.policy, self.now = {}, "latest", 0.0
        self.jobs, self.loaded, self.requests = Jobs(), [], []
        monkeypatch.setattr(versions, "found", lambda path: {n: f"/m/{n}" for n in self.folders if path == "/m"})
        waits = {"retries": RETRIES, "retry_wait_s": RETRY_WAIT_S, "poll_wait_s": 0}
        self.models = Models(self.load, pool=self.jobs, clock=lambda: self.now, **waits)
        self.served = self.asked_for_none = False
        self.configure()

    def load(self, name, number, path):
        content = self.folders.get(number)
        if content is None or content.kind == "bad":
            raise OSError("unreadable")
        if content.kind == "half":
            raise versions.IncompleteError("half")
        if content.failures:
            content.failures -= 1
            raise ServingError(CODES.UNAVAILABLE, "not now")
        self.loaded.append(Loaded(number, content))
        return self.loaded[-1]

    # What may happen

    def configure(self):
        self.asked_for_none |= not self.asks()
        self.models.configure(config(("m", "/m", POLICIES[self.policy])) if self.policy else config(("n", "/n")))

    def poll(self):
        self.asked_for_none |= not self.asks()
        self.models.poll()

    def change_policy(self):
        self.policy = self.chance.choice([*POLICIES, None])
        self.configure()

    def publish(self):
        kind = self.chance.choice(["good", "good", "good", "bad", "flaky", "half"])
        number = self.chance.randint(1, 5)
        if number not in self.folders:
            self.folders[number] = Content(kind, self.chance.randint(1, RETRIES) if kind == "flaky" else 0)

    def remove(self):
        """A gap that is seen; one that is not changes nothing, as a number is read once."""
        if self.folders:
            del self.folders[self.chance.choice(list(self.folders))]
            self.poll()

    def move_away_and_back(self):
        if self.folders:
            number = self.chance.choice(list(self.folders))
            content = self.folders.pop(number)
            self.poll()
            self.run_job()
            self.folders[number] = content
            self.poll()

    def complete(self):
        for content in self.folders.values():
            content.kind = "good" if content.kind == "half" else content.kind

    def begin_request(self):
        number = self.chance.choice([None, None, *self.folders])
        use = self.models.use("m", number)
        with contextlib.suppress(ServingError):
            servable = use.__enter__()
            assert not servable.closed
            servable.users += 1
            self.requests.append((use, servable))

    def end_request(self):
        if self.requests:
            use, servable = self.requests.pop(self.chance.randrange(len(self.requests)))
            assert not servable.closed
            servable.users -= 1
            use.__exit__(None, None, None)

    def run_job(self):
        if self.jobs:
            job, version = self.jobs.pop(self.chance.randrange(len(self.jobs)))
            job(version)

    def wait(self):
        self.now += self.chance.choice([1, RETRY_WAIT_S])

    # What is expected

    def serving(self):
        with contextlib.suppress(ServingError):
            return {version for version, state in states(self.models).items() if state == "AVAILABLE"}
        return set()

    def expected(self):
        """Numbers that must serve once everything has come to rest."""
        sound = {number for number, content in self.folders.items() if content.sound}
        highest = sorted(self.folders)
        if self.policy is None:
            return set()
        if self.policy == "all":
            return sound
        if self.policy == "first":
            return sound & {1}
        wanted = set(highest[-1:] if self.policy == "latest" else highest[-2:]) & sound
        return wanted or set(sorted(sound)[-1:])

    def rest(self):
        """Looks at the folders once, then works and waits a bounded number of times."""
        self.poll()
        for _ in range((RETRIES + 2) * (len(self.folders) + 1)):
            while self.jobs:
                self.run_job()
            self.now += RETRY_WAIT_S
            self.models.retry()

    def check(self):
        """At any time: a model that serves goes on serving, unless folders or policy asked for nothing in between."""
        serves = bool(self.serving())
        assert serves or not self.served or self.asked_for_none, "nothing serves any more"
        self.served, self.asked_for_none = serves, self.asked_for_none and serves

    def asks(self):
        return bool(self.policy and self.folders) and (self.policy != "first" or 1 in self.folders)


ACTIONS = (
    World.change_policy,
    World.publish,
    World.publish,
    World.remove,
    World.move_away_and_back,
    World.complete,
    World.begin_request,
    World.begin_request,
    World.end_request,
    World.poll,
    *[World.run_job] * 4,
    World.wait,
)


@pytest.mark.parametrize("seed", range(0, 400, 50))
def test_what_is_wanted_is_served_and_nothing_is_unloaded_under_a_request(seed, monkeypatch):
    for each in range(seed, seed + 50):
        world, done = World(each, monkeypatch), []
        for _ in range(STEPS):
            action = world.chance.choice(ACTIONS)
            done.append(action.__name__)
            action(world)
            world.models.retry()
            world.check()
        world.rest()
        story = f"seed {each}: {', '.join(done)}"
        if world.expected() or not world.asks():
            assert world.serving() == world.expected(), story
        else:  # what is wanted cannot be loaded: the last one that did serve stays
            assert len(world.serving()) <= 1, story
        in_use = {id(servable) for _, servable in world.requests}
        standing = [each for each in world.loaded if not each.closed and id(each) not in in_use]
        assert {each.version for each in standing} <= world.serving(), f"a servable is left open; {story}"
        while world.requests:
            world.end_request()
        world.rest()
        standing = [each for each in world.loaded if not each.closed]
        assert sorted(each.version for each in standing) == sorted(world.serving()), f"left open; {story}"
        if world.expected():
            assert all(each.content is world.folders[each.version] for each in standing), f"an older folder; {story}"


def test_the_folder_of_a_version_in_use_goes_and_comes_back(monkeypatch):
    world = World(0, monkeypatch)
    world.folders[1] = Content("good")
    world.rest()
    world.begin_request()
    world.folders, kept = {}, world.folders
    world.rest()
    world.folders = kept
    world.rest()
    assert world.serving() == {1}, "served again before the request ends"
    world.end_request()
    world.rest()
    assert world.serving() == {1}
    assert [each.closed for each in world.loaded] == [True, False]


def test_broken_versions_cost_no_thread(monkeypatch):
    world = World(0, monkeypatch)
    world.policy, world.folders = "all", {number: Content("bad") for number in range(1, 61)}
    world.configure()
    tries = []
    for _ in range(RETRIES + 2):
        tries.append(len(world.jobs))
        while world.jobs:
            world.run_job()
        assert not world.jobs, "between tries nothing is in the pool"
        world.now += RETRY_WAIT_S
        world.models.retry()
    assert tries == [60] * (RETRIES + 1) + [0]
    assert set(states(world.models).values()) == {"END"}
