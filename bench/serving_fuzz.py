"""Hostile requests to the embedded server, by the thousand, over gRPC, REST and plain sockets.

    python bench/serving_fuzz.py --export_dir=E [--requests=100000] [--clients=16]

E holds an exported model. Every signature gets tensors of the wrong rank, without rows, of wrong sizes, scalars, huge
dimensions, wrong types and files that are none; the REST port gets raw bytes, too. After every tenth of them a sound
request must get its answer over both; the server must live, and its memory is printed before, meanwhile and after.
"""

import collections
import gzip
import json
import pathlib
import random
import socket
import threading
import time
import urllib.error
import urllib.request

import _server
import numpy as np
from absl import app, flags

from keras_vae import cli

flags.DEFINE_string("export_dir", None, "Exported model.", required=True)
flags.DEFINE_integer("requests", 100_000, "How many hostile requests.")
flags.DEFINE_integer("clients", 16, "Clients at a time.")
flags.DEFINE_integer("seed", 0, "Of all that is drawn.")
flags.DEFINE_multi_string("server_flag", [], "For the server, --enable_batching say.")

DTYPES = (np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_, object)
HUGE = (2**31 - 1, 2**40, 2**62, -1)


def any_array(chance, spec):
    """An array that is wrong in one way or several, or for once right."""
    dtype = spec.dtype.as_numpy_dtype if chance.random() < 0.7 else chance.choice(DTYPES)
    shape = [
        chance.choice([0, 1, 1, 1, 1, 2, 3] if chance.random() < 0.99 else [65]),
        *(size or 1 for size in spec.shape[1:]),
    ]
    for _ in range(chance.choice([0, 1, 1, 2])):
        way, at = chance.randrange(4), chance.randrange(len(shape)) if shape else 0
        if way == 0:
            shape = shape[at + 1 :]  # a lower rank, down to a scalar
        elif way == 1:
            shape = [*shape[:at], chance.choice([0, 1, 2]), *shape[at:]]
        elif shape:
            shape[at] = chance.choice([0, 1, 2, 5, 4096])
    while np.prod(shape, dtype=float) > 2e5:
        shape[int(np.argmax(shape))] = 1
    if dtype in (object, np.object_):
        files = (b"", b"no file", b"\x89PNG\r\n\x1a\n" + bytes(30), b"\xff\xd8\xff" + bytes(30), b"GIF89a" + bytes(30))
        return np.array([chance.choice(files) for _ in range(int(np.prod(shape)))], object).reshape(shape)
    numbers = np.random.default_rng(chance.randrange(2**32)).integers(-3, 300, shape).astype(dtype)
    if np.issubdtype(dtype, np.floating) and chance.random() < 0.2:
        numbers[...] = chance.choice([np.nan, np.inf, -np.inf, 1e38])
    return numbers


class GrpcFuzz:
    """Hostile PredictRequests."""

    def __init__(self, port, signatures, _sound):
        import grpc

        self.signatures, self.error = signatures, grpc.RpcError
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])
        self.send_bytes = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

    def __call__(self, chance):
        """Sends one; returns the name of its status."""
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        name = chance.choice(sorted(self.signatures))
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = "vae", name
        for alias, spec in self.signatures[name].items():
            if chance.random() < 0.95:
                request.inputs[alias].CopyFrom(tf.make_tensor_proto(any_array(chance, spec)))
            proto = request.inputs[alias]
            if chance.random() < 0.15:  # few values, and a large shape
                for dim in proto.tensor_shape.dim:
                    dim.size = chance.choice([*HUGE, 100, 1000])
            if chance.random() < 0.05:
                proto.dtype = chance.randrange(25)
        content = bytearray(request.SerializeToString())
        if chance.random() < 0.1:
            for _ in range(3):
                content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            self.send_bytes(bytes(content), timeout=60)
        except self.error as error:
            return f"gRPC {error.code().name}"
        return "gRPC OK"


class RestFuzz:
    """Hostile bodies of predict requests, and raw bytes."""

    def __init__(self, port, signatures, sound):
        self.port, self.signatures, self.sound = port, signatures, sound

    def __call__(self, chance):
        return self.raw(chance) if chance.random() < 0.3 else self.body(chance)

    def body(self, chance):
        """A body of JSON, more or less."""
        name = chance.choice(sorted(self.signatures))
        columns = {alias: any_array(chance, spec).tolist() for alias, spec in self.signatures[name].items()}
        key, value = "inputs", columns
        if chance.random() < 0.5:
            key, value = "instances", next(iter(columns.values()))
        body = json.dumps({"signature_name": name, key: value}, default=lambda text: {"b64": text.hex()}).encode()
        way = chance.random()
        if way < 0.02:
            body = chance.choice([b"[", b'{"inputs":', b"{},", b'{"inputs":[' + b"[],"]) * chance.choice([10, 10**5])
        elif way < 0.1:
            at = chance.randrange(len(body))
            body = body[:at] + chance.choice([b"", b"\xff", b"]", b"{", b"1e999", b"NaN", b'"']) + body[at + 1 :]
        headers = {}
        if chance.random() < 0.1:
            body, headers = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
        url = f"http://127.0.0.1:{self.port}/v1/models/vae:{chance.choice(['predict'] * 8 + ['classify', 'regress'])}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            error.read()
            return f"REST {error.code}"
        return "REST 200"

    def raw(self, chance):
        """A sound request with some bytes changed, or noise."""
        content = bytearray(self.sound if chance.random() < 0.9 else chance.randbytes(300))
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(content))
            content[at : at + chance.choice([0, 1, 9])] = chance.choice([b"", b"\r\n", b"\0", b"9999", b"\xff", b"%"])
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
                connection.sendall(content)
                if chance.random() < 0.9:
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(65536)
        except OSError:
            pass
        return "raw bytes"


def attack(fuzz, numbers, counts, seed):
    """Sends until `numbers` are used up."""
    chance = random.Random(seed)
    for _ in numbers:
        try:
            counts[fuzz(chance)] += 1
        except (OSError, ValueError) as error:
            counts[f"client: {getattr(error, 'reason', error)!r}"] += 1


def main(_):
    import tensorflow as tf

    args = flags.FLAGS
    base = pathlib.Path(args.export_dir).resolve()
    newest = max((path for path in base.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    found = tf.saved_model.load(newest).signatures
    signatures = {name: dict(each.structured_input_signature[1]) for name, each in found.items()}
    (alias, spec), *_ = signatures["decode"].items()
    inputs = {alias: np.zeros((1, *spec.shape[1:]), np.float32)}
    body = json.dumps({"signature_name": "decode", "inputs": {alias: inputs[alias].tolist()}}).encode()
    sound = b"POST /v1/models/vae:predict HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with _server.server(base, *args.server_flag) as (process, grpc_port, rest_port):
        checks = [_server.over_grpc(grpc_port, "decode", inputs), _server.over_rest(rest_port, "decode", inputs)]
        for check in checks:
            check()
        print(f"before                {_server.resident_mib(process):7.0f} MiB", flush=True)
        counts, start = collections.Counter(), time.monotonic()
        for part in range(1, 11):
            numbers = iter(range(args.requests // 10))
            fuzzes = [
                (GrpcFuzz if client % 2 else RestFuzz)(grpc_port if client % 2 else rest_port, signatures, sound)
                for client in range(args.clients)
            ]
            threads = [
                threading.Thread(target=attack, args=(fuzz, numbers, counts, f"{args.seed} {part} {client}"))
                for client, fuzz in enumerate(fuzzes)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if process.poll() is not None:
                raise SystemExit(f"the server died with {process.returncode} after {dict(counts)}")
            for connect, port in ((_server.over_grpc, grpc_port), (_server.over_rest, rest_port)):
                connect(port, "decode", inputs)()
            sent, memory = sum(counts.values()), _server.resident_mib(process)
            print(f"after {sent:8,} requests {memory:7.0f} MiB, {time.monotonic() - start:5.0f} s", flush=True)
    for status, count in sorted(counts.items()):
        print(f"{status:30} {count:8,}")


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
