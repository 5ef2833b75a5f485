"""The client, over gRPC and REST, against the embedded server and servers that misbehave."""

import re
import socket
import ssl
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.training.local_workers import free_ports
from serving.client import Client
from serving.pictures import from_png, to_png
from serving.transports import patience
from serving.transports.errors import RequestError
from tests import tiny_served
from tests.tiny_served import SCHEMES

ROWS = 130  # more than two requests take


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    with tiny_served.two_versions(tmp_path_factory.mktemp("vae")) as found:
        yield found


@pytest.fixture(params=SCHEMES)
def address(request, addresses):
    return addresses[request.param]


@pytest.fixture
def client(address):
    with Client(address) as client:
        yield client


@pytest.fixture(scope="module")
def model():
    return tiny_served.Model(seed=2)  # the newest


def floats(count=ROWS):
    return np.random.default_rng(0).random((count, *tiny_served.SHAPE), np.float32)


def noise(count=ROWS):
    return np.random.default_rng(1).integers(0, 256, (count, *tiny_served.SHAPE), np.uint8)


def close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_it_says_what_the_model_says(client, model):
    for images in (floats(), noise()):
        unit = images if images.dtype == np.float32 else images / np.float32(255)
        mean, stddev = client.encode(images)
        close(mean, model.encode(unit)["mean"])
        close(stddev, model.encode(unit)["stddev"])
        reconstruction, squared_error = client.reconstruct(images, png=False)
        close(reconstruction, model.reconstruct(unit)["images"])
        close(squared_error, model.reconstruct(unit)["squared_error"])
        score = client.score(images)
        assert set(score) == {"elbo", "reconstruction", "kl"}
        for name, values in score.items():
            close(values, model.score(unit)[name])
    codes = np.random.default_rng(2).normal(size=(ROWS, tiny_served.LATENT_DIM)).astype(np.float32)
    close(client.decode(codes, png=False), model.decode(codes)["images"])


def test_samples_come_from_a_seed_a_row(client, model):
    seeds = tf.constant([(7 << 32) + row for row in range(ROWS)], tf.int64)
    close(client.sample(ROWS, seed=7, png=False), model.sample(seeds)["images"])
    close(client.sample(3, seed=7, temperature=0.5, png=False), model.sample(seeds[:3], tf.fill([3], 0.5))["images"])


def test_both_ways_give_equal_arrays(addresses):
    with Client(addresses["http"]) as rest, Client(addresses["grpc"]) as rpc:
        for images in (floats(5), noise(5), [to_png(image) for image in noise(5)]):
            for one, other in zip(rest.encode(images), rpc.encode(images)):
                np.testing.assert_array_equal(one, other)
        for png in (False, True):
            ours, theirs = (each.sample(9, seed=2**31 - 1, png=png) for each in (rest, rpc))
            np.testing.assert_array_equal(ours, theirs)
        ours, theirs = (each.sample(9) for each in (rest, rpc))  # of 8 bits over REST, exact over gRPC
        assert ours.dtype == theirs.dtype == np.float32
        np.testing.assert_array_equal(ours, np.round(theirs * 255) / np.float32(255))
        assert rest.status() == rpc.status()
        assert rest._signature(rest._patience(), "sample") == rpc._signature(rpc._patience(), "sample")


def rounded(pictures, exact):
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures, np.round(exact * 255))


def test_pictures_are_the_floats_rounded(client):
    rounded(client.sample(ROWS, seed=3, png=True), client.sample(ROWS, seed=3, png=False))
    cold = {"seed": 3, "temperature": 0.5}
    rounded(client.sample(3, png=True, **cold), client.sample(3, png=False, **cold))
    rounded(client.decode(np.eye(5), png=True), client.decode(np.eye(5), png=False))
    for images in (noise(4), floats(4)):
        pictures, squared_error = client.reconstruct(images, png=True)
        exact, expected_error = client.reconstruct(images, png=False)
        rounded(pictures, exact)
        np.testing.assert_array_equal(squared_error, expected_error)


@pytest.mark.parametrize(
    ("scheme", "served", "asked"),
    [
        ("http", "sample sample_png sample_uint8", "sample_png"),
        ("http", "sample sample_uint8", "sample_uint8"),
        ("http", "sample", "sample"),
        ("grpc", "sample sample_png sample_uint8", "sample_uint8"),
        ("grpc", "sample sample_png", "sample_png"),
    ],
)
def test_pictures_are_asked_for_in_the_cheapest_form_that_is_served(scheme, served, asked, addresses, monkeypatch):
    with Client(addresses[scheme]) as client:
        known = client._known(client._patience())
        monkeypatch.setattr(client, "_signatures", {name: known[name] for name in served.split()})
        used, ask = [], client._ask
        monkeypatch.setattr(
            client, "_ask", lambda patience, name, **inputs: used.append(name) or ask(patience, name, **inputs)
        )
        rounded(client.sample(2, png=True), client.sample(2, png=False))
        assert used == [asked, "sample"]


def test_screening_says_how_strange_and_where(client, model):
    for images in (noise(3), floats(3), [to_png(image) for image in noise(3)]):
        found = client.screen(images)
        unit = floats(3) if getattr(images, "dtype", None) == np.float32 else noise(3) / np.float32(255)
        expected = model.screen(unit)
        maps = [from_png(data) for data in expected.pop("strangeness_png_bytes").numpy()]
        assert np.abs(found.pop("heat_maps").astype(int) - maps).max() <= 1
        assert found.keys() == expected.keys()
        for name, values in found.items():
            close(values, expected[name])


def test_uint8_travels_as_png_where_that_is_smaller(addresses, monkeypatch):
    flat = np.zeros((1, *tiny_served.SHAPE), np.uint8)
    for scheme, for_noise in (("http", "encode_bytes"), ("grpc", "encode_uint8")):
        with Client(addresses[scheme]) as client, monkeypatch.context() as patch:
            patch.setattr(client, "_ask", lambda patience, name, **inputs: {"mean": name, "stddev": None})
            assert client.encode(flat)[0] == "encode_bytes"
            assert client.encode(noise(1))[0] == for_noise


def test_versions_and_labels(client, address):
    assert [each["version"] for each in client.status()] == [2, 1]
    assert {each["state"] for each in client.status()} == {"AVAILABLE"}
    newest, old = client.sample(1, png=False), tiny_served.Model(seed=1).sample(tf.constant([0], tf.int64))["images"]
    for where, expected in ({"version": 1}, old), ({"label": "stable"}, old), ({"label": "canary"}, newest):
        with Client(address, **where) as other:
            close(other.sample(1, png=False), expected)
    with pytest.raises(ValueError, match="version, label: expected one of them"):
        Client(address, version=1, label="stable")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.encode(np.zeros((2, 8, 10))), "images: expected (n, 8, 10, 3) with n of at least 1, got (2, 8,"),
        (lambda c: c.score(np.zeros((0, 8, 10, 3))), "images: expected (n, 8, 10, 3) with n of at least 1"),
        (lambda c: c.encode(np.zeros((1, 8, 10, 3), int)), "images: expected (n, 8, 10, 3) of uint8, or of float"),
        (lambda c: c.reconstruct(np.full((1, 8, 10, 3), 1.5)), "in [0, 1], got values in [1.5, 1.5]"),
        (lambda c: c.encode(np.full((1, 8, 10, 3), np.nan)), "in [0, 1], got values in [nan, nan]"),
        (lambda c: c.decode(np.zeros((2, 4))), "codes: expected (n, 5) with n of at least 1, got (2, 4)"),
        (lambda c: c.decode(np.full((2, 5), np.inf)), "codes: expected finite numbers"),
        (lambda c: c.sample(0), "count: expected a whole number of at least 1, got 0"),
        (lambda c: c.sample(2.5), "count: expected a whole number"),
        (lambda c: c.sample(1, seed=2**31), "seed: expected a whole number in [-2147483648, 2147483647]"),
    ],
)
def test_wrong_arguments_are_named(call, message, client):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(client)


def test_what_the_server_refuses(client, address):
    with Client(address, model="absent") as other, pytest.raises(RequestError, match="NOT_FOUND: .*absent"):
        other.sample(1)
    with pytest.raises(RequestError) as caught:
        client.encode([b"no picture"])
    assert caught.value.code == "INVALID_ARGUMENT"


def test_a_wrong_address():
    for address in ("localhost:8500", "ftp://localhost", "http://"):
        with pytest.raises(ValueError, match="expected grpc://host:port or http://host:port"):
            Client(address)


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    return tiny_served.certificate(tmp_path_factory.mktemp("certificate"))


def test_a_secure_grpc_port(certified, addresses, tmp_path):
    key, cert = certified
    config = tmp_path / "ssl.config"
    config.write_text(f"server_key: {key.read_text()!r} server_cert: {cert.read_text()!r}")
    base = tiny_served.export(tmp_path / "vae")
    flags = ("--model_name=vae", f"--model_base_path={base}", f"--ssl_config_file={config}")
    with tiny_served.served(*flags) as (rest, rpc):
        secure = rpc.replace("grpc://", "grpcs://")
        with Client(secure, ca_file=cert) as client, Client(rest) as plain:
            np.testing.assert_array_equal(client.sample(2, png=True), plain.sample(2, png=True))
        with Client(secure, retries=0) as client, pytest.raises(RequestError, match="UNAVAILABLE"):
            client.status()


def test_a_secure_rest_port(certified, addresses):
    """A proxy with a certificate before the server."""
    key, cert = certified
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    port = free_ports(1)[0]
    target = int(addresses["http"].rsplit(":", 1)[1])
    with tiny_served.forward(port, target, context):
        with Client(f"https://127.0.0.1:{port}", ca_file=cert) as client, Client(addresses["http"]) as plain:
            np.testing.assert_array_equal(client.sample(2, png=True), plain.sample(2, png=True))
        with Client(f"https://127.0.0.1:{port}") as client, pytest.raises(RequestError, match="UNAUTHENTICATED"):
            client.status()
    with pytest.raises(ValueError, match="ca_file: only for grpcs:// and https://"):
        Client(addresses["http"], ca_file=cert)


def test_rest_goes_without_tensorflow(addresses):
    program = (
        "import sys; from serving.client import Client; "
        f"print(Client({addresses['http']!r}).sample(1).shape, 'tensorflow' in sys.modules, 'grpc' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", program], cwd=tiny_served.ROOT, capture_output=True, text=True)
    assert output.stdout == "(1, 8, 10, 3) False False\n", output.stderr


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_does_not_answer(scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RequestError) as caught:
        Client(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", deadline_s=0.5).status()
    assert caught.value.code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_is_not_there(scheme):
    port = free_ports(1)[0]
    with Client(f"{scheme}://127.0.0.1:{port}", retries=1) as client, pytest.raises(RequestError) as caught:
        client.sample(1)
    assert caught.value.code == "UNAVAILABLE"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_comes_late_is_reached(scheme, addresses, monkeypatch):
    """Refused at first; the way opens in the pause before the second attempt."""
    port = free_ports(1)[0]
    target = int(addresses[scheme].rsplit(":", 1)[1])
    started = []

    def sleep(seconds):
        if not started:
            started.append(tiny_served.forward(port, target))
        real_sleep(seconds)

    real_sleep = time.sleep
    monkeypatch.setattr(patience.time, "sleep", sleep)
    with Client(f"{scheme}://127.0.0.1:{port}") as client:
        assert client.status()[0]["state"] == "AVAILABLE"
    assert started
