"""Merging of requests: the same answers, fewer runs, and every error only to the one who caused it."""

import os
import threading

import grpc
import numpy as np
import pytest
from google.protobuf import text_format

from serving.server import config_protos
from serving.server.batching import Merger, Parameters, Workers, merged
from serving.server.calls import Call
from serving.server.errors import ServingError
from serving.server.servable import Servable
from tests.saved_models import export_everything

CODES = grpc.StatusCode


def merger(text="", workers=1):
    parameters = Parameters(text_format.Parse(text, config_protos.BatchingParameters()))
    return Merger(parameters, Workers(workers))


class Runs:
    """Stands in for the session: answers 10 * x, remembers what it was fed, and waits where it is told to."""

    def __init__(self):
        self.fed = []
        self.going, self.began = threading.Event(), threading.Semaphore(0)
        self.going.set()

    def __call__(self, feeds, fetches, call):
        self.fed.append(feeds["x"].tolist())
        self.began.release()
        assert self.going.wait(20)
        if (feeds["x"] < 0).any():
            raise ServingError(CODES.INVALID_ARGUMENT, "negative")
        return [feeds["x"] * 10 for _ in fetches]


class Asking(threading.Thread):
    """A client with one request."""

    def __init__(self, merger, run, *values, timeout_s=None, fetches=("y",), dtype=np.float32):
        super().__init__(daemon=True)
        self.arguments = merger, run, np.array(values, dtype), list(fetches), Call(timeout_s)
        self.call, self.answer = self.arguments[-1], None
        self.start()

    def run(self):
        merger, run, values, fetches, call = self.arguments
        try:
            self.answer = [array.tolist() for array in merger.run(run, {"x": values}, fetches, call)][0]
        except ServingError as error:
            self.answer = error.code, error.message

    def answered(self):
        self.join(20)
        return self.answer


def together(merger, *requests, **options):
    """Answers to requests that come while a first one, [0], is running; and what was run after it."""
    runs = Runs()
    runs.going.clear()
    first = Asking(merger, runs, 0)
    assert runs.began.acquire(timeout=20)
    clients = []
    for number, values in enumerate(requests, 1):
        clients.append(Asking(merger, runs, *values, **options))
        wait_for_rows(merger, clients, number)
    runs.going.set()
    assert first.answered() == [0]
    return [client.answered() for client in clients], runs.fed[1:]


def wait_for_rows(merger, clients, number):
    """Until each of the clients waits in a queue or has its answer: the order of requests is the order of the test."""
    for _ in range(4000):
        waiting = sum(len(batch._tasks) for queue in merger._workers._queues.values() for batch in queue)
        if waiting + sum(client.answer is not None for client in clients) >= number:
            return
        threading.Event().wait(0.005)
    raise AssertionError("nobody waits")


def test_requests_that_come_during_a_run_share_the_next():
    answers, fed = together(merger(), [1], [2, 3], [4])
    assert answers == [[10], [20, 30], [40]]
    assert fed == [[1, 2, 3, 4]]


def test_a_batch_has_its_limit():
    answers, fed = together(merger("max_batch_size { value: 3 }"), [1, 2], [3, 4], [5])
    assert answers == [[10, 20], [30, 40], [50]]
    assert fed == [[1, 2], [3, 4, 5]]


def test_padding_to_allowed_sizes_repeats_the_first_row_of_the_last_request():
    text = "max_batch_size { value: 8 } allowed_batch_sizes: 1 allowed_batch_sizes: 4 allowed_batch_sizes: 8"
    answers, fed = together(merger(text), [1], [2, 3])
    assert answers == [[10], [20, 30]]
    assert fed == [[1, 2, 3, 2]]


def test_large_requests_are_split():
    text = "max_batch_size { value: 6 } max_execution_batch_size { value: 3 }"
    text += " enable_large_batch_splitting { value: true }"
    answers, fed = together(merger(text), [1, 2], [3, 4, 5, 6, 7])
    assert answers == [[10, 20], [30, 40, 50, 60, 70]]
    assert fed == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_bad_request_fails_alone():
    answers, fed = together(merger(), [1], [-2], [3])
    assert answers == [[10], (CODES.INVALID_ARGUMENT, "negative"), [30]]
    assert fed == [[1, -2, 3], [1], [-2], [3]]


def test_what_does_not_fit_together_is_not_merged():
    run_together = merger()
    runs = Runs()
    runs.going.clear()
    clients = [Asking(run_together, runs, 0)]
    assert runs.began.acquire(timeout=20)
    clients.append(Asking(run_together, runs, 1))
    clients.append(Asking(run_together, runs, 2, dtype=np.int32))
    clients.append(Asking(run_together, runs, [3, 4]))
    clients.append(Asking(run_together, runs, 5, fetches=("z",)))
    wait_for_rows(run_together, clients, 4)
    runs.going.set()
    assert [client.answered() for client in clients] == [[0], [10], [20], [[30, 40]], [50]]
    assert len(runs.fed) == 5
    assert not run_together._workers._queues, "no queue outlives its requests"


def test_pad_variable_length_inputs_grows_rows_by_their_first_value():
    answers, fed = together(merger("pad_variable_length_inputs: true"), [[1, 2]], [[3], [4]])
    assert fed == [[[1, 2], [3, 3], [4, 3]]]
    assert answers == [[[10, 20]], [[30, 30], [40, 30]]]


def test_words_grow_by_their_first_one_byte_for_byte():
    words, empty = np.array([[b"a\0", b"b"]], object), np.empty((0, 3), object)
    longer = np.array([[b"c", b"d", b"e"]], object)
    assert merged([words, longer, empty], 0).tolist() == [[b"a\0", b"b", b"a\0"], [b"c", b"d", b"e"]]
    with pytest.raises(ServingError, match="Got empty tensor in batch of non-empty tensors"):
        merged([longer, np.empty((1, 0), object)], 0)


def test_a_full_queue_is_unavailable():
    answers, _ = together(merger("max_batch_size { value: 2 } max_enqueued_batches { value: 1 }"), [1, 2], [3])
    text = (
        "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued and "
        "max_enqueued_batches is 1; task size is 1 but scheduling capacity is only 0"
    )
    assert answers == [[10, 20], (CODES.UNAVAILABLE, text)]


def test_a_request_larger_than_the_whole_queue_is_unavailable():
    text = "max_batch_size { value: 6 } max_execution_batch_size { value: 2 } max_enqueued_batches { value: 2 }"
    splits = merger(text + " enable_large_batch_splitting { value: true }")
    with pytest.raises(ServingError, match="task size is 5 but scheduling capacity is only 4") as raised:
        splits.run(None, {"x": np.ones(5)}, ["y"], Call())
    assert raised.value.code == CODES.UNAVAILABLE and not splits._workers._queues


def test_who_waited_too_long_is_told():
    answers, fed = together(merger(), [1], [2], timeout_s=0)
    text = "Run() timeout exceeded while waiting in batching queue"
    assert answers == [(CODES.RESOURCE_EXHAUSTED, text)] * 2
    assert fed == []


def test_who_has_gone_is_not_run():
    """Forty clients that gave up must not delay the next."""
    batches, runs = merger("max_batch_size { value: 1 } max_enqueued_batches { value: 50 }"), Runs()
    runs.going.clear()
    first = Asking(batches, runs, 0)
    assert runs.began.acquire(timeout=20)
    clients = []
    for number in range(1, 42):
        clients.append(Asking(batches, runs, number))
        wait_for_rows(batches, clients, number)
    for client in clients[:40]:
        client.call.cancelled = True
    runs.going.set()
    assert (first.answered(), clients[40].answered()) == ([0], [410])
    assert runs.fed == [[0], [41]]
    assert {client.answered() for client in clients[:40]} == {(CODES.CANCELLED, "The client has gone away")}


def test_a_timeout_collects_requests_until_the_batch_is_full():
    waits = merger("max_batch_size { value: 2 } batch_timeout_micros { value: 9223372036854775807 }")
    runs = Runs()
    clients = [Asking(waits, runs, 1), Asking(waits, runs, 2)]
    assert sorted(client.answered() for client in clients) == [[10], [20]]
    assert len(runs.fed) == 1
    hurries = merger("max_batch_size { value: 2 } batch_timeout_micros { value: 1000 }")
    assert Asking(hurries, runs, 3).answered() == [30]


@pytest.mark.parametrize(
    ("feeds", "text"),
    [
        ({}, "Batching Run() takes inputs with a 0th dimension in common; got none"),
        ({"x": np.array(1.0)}, "Batching Run() takes inputs with a 0th dimension in common; got x ()"),
        (
            {"x": np.ones(1), "z": np.ones(2)},
            "Batching Run() takes inputs with a 0th dimension in common; got x (1,), z (2,)",
        ),
        ({"x": np.ones(5)}, "Task size 5 is larger than maximum input batch size 4"),
    ],
)
def test_requests_that_cannot_be_merged(feeds, text):
    with pytest.raises(ServingError) as raised:
        merger("max_batch_size { value: 4 }").run(None, feeds, ["y"], Call())
    assert (raised.value.code, raised.value.message) == (CODES.INVALID_ARGUMENT, text)


def test_python_has_cores_beside_the_batches(monkeypatch):
    for cores, threads in ((1, 1), (2, 1), (16, 8)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert Parameters(config_protos.BatchingParameters()).threads == threads
    assert Parameters(config_protos.BatchingParameters(num_batch_threads={"value": 3})).threads == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"),
        ("num_batch_threads { value: -1 }", "num_batch_threads must be positive; was -1"),
        ("max_enqueued_batches { value: 0 }", "max_enqueued_batches must be positive; was 0"),
        ("batch_timeout_micros { value: -5 }", "batch_timeout_micros must be non-negative; was -5"),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: 2 allowed_batch_sizes: 4",
            "Last entry in allowed_batch_sizes must match max_batch_size, 8; was 4",
        ),
        (
            "max_batch_size { value: 4 } max_execution_batch_size { value: 8 }"
            " enable_large_batch_splitting { value: true }",
            "max_execution_batch_size must be at most max_batch_size, 4; was 8",
        ),
    ],
)
def test_parameters_that_make_no_sense(text, message):
    with pytest.raises(ServingError) as raised:
        merger(text)
    assert raised.value.message == message


@pytest.fixture(scope="module")
def servable(tmp_path_factory):
    folder = export_everything(tmp_path_factory.mktemp("everything"), 1)
    return Servable("m", 1, str(folder), merger=merger("max_batch_size { value: 16 }", workers=2))


def ask(servable, signature, **inputs):
    protos = servable.signatures[signature]
    feeds = {protos.inputs[alias].name: array for alias, array in inputs.items()}
    arrays = servable.run(feeds, [info.name for info in protos.outputs.values()])
    return dict(zip(protos.outputs, arrays))


def test_many_clients_get_what_is_theirs(servable):
    def client(number):
        rng = np.random.default_rng(number)
        for _ in range(30):
            x = rng.normal(size=(rng.integers(0, 5), 2)).astype(np.float32)
            np.testing.assert_array_equal(ask(servable, "serving_default", x=x)["y"], 2 * x)
            words = np.array([b"%d" % value for value in rng.integers(0, 99, 3)], object)
            assert ask(servable, "text", text=words)["echo_bytes"].tolist() == words.tolist()
        done.append(number)

    done = []
    threads = [threading.Thread(target=client, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == list(range(12))


def test_outputs_must_have_a_row_for_each_row_of_the_input(servable):
    text = "Batched output tensor's 0th dimension does not equal the sum of those of the input tensors"
    with pytest.raises(ServingError) as raised:
        ask(servable, "mean", x=np.ones(3, np.float32))
    assert (raised.value.code, raised.value.message) == (CODES.FAILED_PRECONDITION, text)
