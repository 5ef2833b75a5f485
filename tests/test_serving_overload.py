"""More requests than can be answered: refused, dropped and bounded, while what was accepted is answered."""

import threading
import time

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from serving.server.calls import Call, Line
from serving.server.errors import ServingError
from serving.server.servable import Servable
from tests.saved_models import floats
from tests.served_grpc import CODES, Client, serving
from tests.served_models import eventually, refuses


class Gated(Servable):
    """Runs wait until the test lets them go; `runs` counts those that began."""

    def run_alone(self, feeds, fetches, call):
        call.left_s()
        type(self).runs += 1
        assert type(self).go.wait(60)
        return super().run_alone(feeds, fetches, call)


@pytest.fixture
def gate():
    Gated.go, Gated.runs = threading.Event(), 0
    yield Gated
    Gated.go.set()


def asks(client, count, **options):
    """Futures of so many requests."""
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    request.inputs["x"].CopyFrom(floats(1, 2, shape=[1, 2]))
    return [client.prediction.Predict.future(request, timeout=60, **options) for _ in range(count)]


def test_a_full_line_refuses_and_what_was_accepted_is_answered(tmp_path, gate):
    with serving(tmp_path, load=gate, most_queued=3, with_health=True) as client:
        futures = asks(client, 4)  # as many as the server of these tests has threads
        eventually(lambda: gate.runs == 4)
        futures += asks(client, 20)
        eventually(lambda: sum(each.done() for each in futures) == 17)
        refused = [each for each in futures if each.done()]
        assert {each.code() for each in refused} == {CODES.RESOURCE_EXHAUSTED}
        assert {each.details() for each in refused} == {"The server is overloaded: 3 requests are waiting already"}
        check = health_pb2_grpc.HealthStub(client.channel).Check
        assert check(health_pb2.HealthCheckRequest(), timeout=20).status == health_pb2.HealthCheckResponse.SERVING
        assert client.status()
        gate.go.set()
        assert {each.code() for each in futures if each not in refused} == {CODES.OK}
        assert gate.runs == 7


def test_forty_abandoned_requests_do_not_delay_the_next(tmp_path, gate):
    with serving(tmp_path, load=gate) as client:
        futures = asks(client, 4)
        eventually(lambda: gate.runs == 4)
        abandoned = asks(client, 40)
        abandoned += asks(client, 1)
        for each in abandoned:
            each.cancel()
        (last,) = asks(client, 1)
        client.status()  # by now the server has heard that they are gone
        gate.go.set()
        assert last.code() == CODES.OK
        assert {each.code() for each in futures} == {CODES.OK}
        assert gate.runs == 5


def test_a_request_whose_time_is_over_does_not_run(tmp_path, gate):
    with serving(tmp_path, load=gate) as client:
        running = asks(client, 4)
        eventually(lambda: gate.runs == 4)
        with pytest.raises(grpc.RpcError) as raised:
            client.predict(timeout=0.2, x=floats(1, 2, shape=[1, 2]))
        assert raised.value.code() == CODES.DEADLINE_EXCEEDED
        gate.go.set()
        assert client.predict(x=floats(1, 2, shape=[1, 2])).outputs["y"].float_val[0] == 2
        assert gate.runs == 5 and all(each.code() == CODES.OK for each in running)


def test_a_call_knows_whether_anybody_waits():
    call = Call()
    assert call.left_s() is None
    assert 0 < Call(60).left_s() <= 60
    late = "The time of the request was over before its run"
    refuses(lambda: Call(-1).left_s(), CODES.DEADLINE_EXCEEDED, late)
    call.cancelled = True
    refuses(call.left_s, CODES.CANCELLED, "The client has gone away")


def test_a_line_counts():
    line, go = Line(1, 1), threading.Event()
    first = line.submit(go.wait, 60)
    eventually(lambda: line.inside == 1)
    assert line.refusal() is None
    line.submit(time.monotonic)
    assert line.refusal().code == CODES.RESOURCE_EXHAUSTED
    go.set()
    first.result(60)
    eventually(lambda: (line.waiting, line.inside) == (0, 0))
    line.shutdown()


def test_more_rows_than_allowed_are_refused_before_they_take_room(tmp_path):
    def load(*arguments):
        return Servable(*arguments, most_rows=8)

    with serving(tmp_path, load=load) as client:
        one = floats(1)
        one.tensor_shape.dim[0].size = 10**9
        text = "Input a: 1000000000 rows in one request, where 8 are allowed"
        with pytest.raises(grpc.RpcError) as raised:
            client.predict("two", a=one, b=one)
        assert (raised.value.code(), raised.value.details()) == (CODES.INVALID_ARGUMENT, text)
        assert len(client.predict("two", a=floats(*range(8)), b=one_of(floats(1), 8)).outputs["sum"].float_val) == 8


def one_of(proto, rows):
    """A few bytes that stand for many rows."""
    proto.tensor_shape.dim[0].size = rows
    return proto


def test_messages_have_a_limit_zipped_or_not(tmp_path):
    with serving(tmp_path, max_receive_bytes=2**20) as client:
        x = np.ones([2**18, 2], np.float32)
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            channel = grpc.insecure_channel(client.address, compression=compression)
            with pytest.raises(grpc.RpcError) as raised:
                Client(0, channel=channel).predict(x=x)
            assert raised.value.code() == CODES.RESOURCE_EXHAUSTED
            assert "arger than max" in raised.value.details()
            channel.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_addresses_of_both_kinds(tmp_path, host):
    try:
        with serving(tmp_path, host=host) as client:
            assert client.predict(x=floats(1, 2, shape=[1, 2])).outputs["y"].float_val[0] == 2
    except ServingError:
        assert host == "::1", "only IPv6 may be missing on a machine"
        pytest.skip("no IPv6 here")
