"""The embedded server for long: many good requests, then many broken ones. It must answer all, and not grow.

python bench/serving_endurance.py --export_dir=E [--requests=50000] [--broken=10000]
"""

import collections
import http.client
import json
import pathlib
import random
import socket

import _server
import grpc
import numpy as np
from absl import app, flags

from keras_vae import cli

cli.DEFINE_path("export_dir", None, "Exported model.", required=True)
flags.DEFINE_integer("requests", 50_000, "Good requests.")
flags.DEFINE_integer("broken", 10_000, "Malformed requests.")

GOOD = b'{"signature_name": "sample_png", "instances": [7]}'
PIECES = [b"{", b"}", b"[", b"]", b'"', b"instances", b"inputs", b":", b",", b"1e999", b"-", b"NaN", b"null", b"\xff"]
VALUES = [None, True, 1.5, -1, 2**70, "x", [], {}, [[1], [1, 2]], {"b64": "?"}, [[[[]]]], "7" * 1000]
KEYS = ["signature_name", "instances", "inputs", "seed", "images", "", "b64"]


def good(ports, total):
    """Resident MiB of the server after each tenth of `total` requests, half of them over gRPC and half over REST."""
    sends = [
        _server.over_grpc(ports[0], "sample_png", {"seed": np.array([7])}),
        _server.over_rest(ports[1], "sample_png", {"seed": np.array([7])}),
    ]
    for number in range(total):
        sends[number % 2]()
        if number % (total // 10) == total // 10 - 1:
            yield number + 1


def spoilt(chance):
    """A body that is no good request: cut, shuffled, made of the wrong values, or huge."""
    kind = chance.randrange(5)
    if kind == 0:
        return GOOD[: chance.randrange(len(GOOD) - 1)]
    if kind == 1:
        return b"".join(chance.choices(PIECES, k=chance.randrange(1, 40)))
    if kind == 2:
        body = bytearray(GOOD)
        body[chance.randrange(2, 16)] = 1  # inside the first key, or where a control character is no JSON
        return bytes(body)
    if kind == 3:
        found = {chance.choice(KEYS): chance.choice(VALUES) for _ in range(3)}
        return json.dumps({**found, "signature_name": chance.choice(["sample_png", "encode", "none", 3])}).encode()
    return b"[" * chance.randrange(1, 200_000)


def ask_rest(port, body, truncated):
    """Status of the answer; "closed" where a request that was cut off got none."""
    if truncated:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
            head = f"POST /v1/models/vae:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 9}\r\n\r\n"
            link.sendall(head.encode() + body)
            link.shutdown(socket.SHUT_WR)
            answer = link.recv(100)
            return answer.split(b" ")[1].decode() if answer else "closed"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v1/models/vae:predict", body)
    status = connection.getresponse().status
    connection.close()
    return str(status)


def ask_grpc(call, chance):
    """Code of the answer to random or damaged bytes in place of a PredictRequest."""
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = chance.choice(["vae", "", "other"])
    request.model_spec.signature_name = chance.choice(["sample_png", "encode", "decode", "none"])
    proto = request.inputs[chance.choice(["seed", "images", "codes"])]
    proto.dtype = chance.randrange(0, 24)
    for _ in range(chance.randrange(4)):
        proto.tensor_shape.dim.add(size=chance.choice([-1, 0, 1, 3, 2**40]))
    proto.tensor_content = chance.randbytes(chance.randrange(64))
    content = request.SerializeToString()
    if chance.random() < 0.3:
        content = content[: chance.randrange(len(content))] + chance.randbytes(chance.randrange(8))
    try:
        call(content, timeout=30)
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def broken(ports, total, seed):
    """Return how often each answer came."""
    chance, found = random.Random(seed), collections.Counter()
    channel = grpc.insecure_channel(f"127.0.0.1:{ports[0]}")
    call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    for number in range(total):
        if number % 2:
            found["gRPC " + ask_grpc(call, chance)] += 1
        else:
            found["REST " + ask_rest(ports[1], spoilt(chance), truncated=number % 20 == 0)] += 1
    return found


def main(_):
    args = flags.FLAGS
    with _server.server(pathlib.Path(args.export_dir).resolve()) as (process, *ports):
        for done in good(ports, args.requests):
            print(f"{done:7,} good requests: {_server.resident_mib(process):6.0f} MiB", flush=True)
        for done in range(args.broken // 5, args.broken + 1, args.broken // 5):
            found = broken(ports, args.broken // 5, seed=done)
            answers = ", ".join(f"{name} {count}" for name, count in sorted(found.items()))
            print(f"{done:7,} broken requests: {_server.resident_mib(process):6.0f} MiB; {answers}", flush=True)
        for _ in good(ports, 10):
            pass
        print("the server goes on answering" if process.poll() is None else f"the server ended: {process.returncode}")


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
