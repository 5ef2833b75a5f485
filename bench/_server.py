"""The embedded server as a process, and clients that put it under load."""

import contextlib
import http.client
import json
import multiprocessing
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(base_path, *flags, cores=None, root=ROOT):
    """Yields (process, gRPC port, REST port) of a server of base_path as the model "vae", once it is ready.

    cores: numbers of those that it has to itself; this process and its clients get the others meanwhile.
    root: the checkout whose server it is.
    """
    all_cores = os.sched_getaffinity(0)
    ports = free_port(), free_port()
    command = [sys.executable, "-m", "serving.local", "--model_name=vae", f"--model_base_path={base_path}"]
    command += [f"--port={ports[0]}", f"--rest_api_port={ports[1]}", *flags]
    os.sched_setaffinity(0, cores or all_cores)  # inherited
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(0, all_cores - set(cores or ()) or all_cores)
    try:
        while newest_available(ports[1]) is None:
            if process.poll() is not None:
                raise SystemExit(f"the server ended at once: {' '.join(command)}")
            time.sleep(0.2)
        yield process, *ports
    finally:
        process.kill()
        process.wait()
        os.sched_setaffinity(0, all_cores)


def newest_available(port):
    """The highest version that serves; None where none does yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models/vae") as answer:
            versions = json.load(answer)["model_version_status"]
    except OSError:
        return None
    return max((int(each["version"]) for each in versions if each["state"] == "AVAILABLE"), default=None)


def resident_mib(process):
    """MiB of memory that a process holds."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def over_grpc(port, signature, inputs):
    """A function that sends one prepared request."""
    predict, request = prepared(port, signature, inputs)
    return lambda: predict(request, timeout=60)


def prepared(port, signature, inputs):
    """(stub of Predict, request)."""
    import grpc

    import serving._quiet  # noqa: F401  TensorFlow, without what it prints

    # isort: split
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    stub = prediction_service_pb2_grpc.PredictionServiceStub(
        grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
    )
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "vae", signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return stub.Predict, request


def over_rest(port, signature, inputs):
    """The same over REST, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = rest_body(signature, inputs)

    def send():
        connection.request("POST", "/v1/models/vae:predict", body)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(content)

    return send


WAYS = {"gRPC": over_grpc, "REST": over_rest}
BATCHING = "serving/batching.config"  # in a checkout


def rest_body(signature, inputs):
    """The JSON of a request."""
    return json.dumps({"signature_name": signature, "inputs": {name: value.tolist() for name, value in inputs.items()}})


def latencies(connect, port, signature, inputs, clients, seconds, processes=2):
    """Seconds that each answer took, of `clients` threads in a few processes that ask again and again."""
    queue, share = multiprocessing.get_context("spawn").Queue(), clients // processes
    args = (queue, connect, port, signature, inputs, share, seconds)
    workers = [multiprocessing.get_context("spawn").Process(target=_clients, args=args) for _ in range(processes)]
    for worker in workers:
        worker.start()
    found = [queue.get() for _ in workers]
    for worker in workers:
        worker.join()
    return np.concatenate(found)


def _clients(queue, connect, port, signature, inputs, count, seconds):
    sends = [connect(port, signature, inputs) for _ in range(count)]
    for send in sends:
        send()  # connections are open and the graph is warm before the clock starts
    queue.put(np.array(asked(sends, seconds)))


def asked(sends, seconds):
    """The seconds that each answer took, of a thread for each of the clients."""
    found, end = [], time.monotonic() + seconds

    def ask(send):
        while (start := time.monotonic()) < end:
            send()
            found.append(time.monotonic() - start)

    threads = [threading.Thread(target=ask, args=(send,)) for send in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def flood(way, port, signature, inputs, rate, seconds):
    """(codes, seconds) of requests over gRPC or REST that come at this rate, whether or not earlier ones are answered.

    Codes are names of gRPC, and numbers of HTTP; "OK" in both.
    """
    queue, run = multiprocessing.get_context("spawn").Queue(), {"gRPC": _flood, "REST": _flood_rest}[way]
    args = (queue, port, signature, inputs, rate, seconds)
    worker = multiprocessing.get_context("spawn").Process(target=run, args=args)
    worker.start()
    codes, found = queue.get()
    worker.join()
    return codes, found


def _flood_rest(queue, port, signature, inputs, rate, seconds):
    import asyncio

    import aiohttp

    body = rest_body(signature, inputs)
    answers = []

    async def ask(session):
        begun = time.monotonic()
        async with session.post(f"http://127.0.0.1:{port}/v1/models/vae:predict", data=body) as answer:
            await answer.read()
            answers.append(("OK" if answer.status == 200 else str(answer.status), time.monotonic() - begun))

    async def main():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await ask(session)
            answers.clear()
            start, count, tasks = time.monotonic(), round(rate * seconds), []
            for number in range(count):
                await asyncio.sleep(max(0, start + number / rate - time.monotonic()))
                tasks.append(asyncio.create_task(ask(session)))
            for found in await asyncio.gather(*tasks, return_exceptions=True):
                if found is not None:
                    answers.append((type(found).__name__, 0.0))

    asyncio.run(main())
    codes, times = zip(*answers)
    queue.put((np.array(codes), np.array(times)))


def _flood(queue, port, signature, inputs, rate, seconds):
    predict, request = prepared(port, signature, inputs)
    predict(request, timeout=60)
    answers, done, futures = [], threading.Semaphore(0), []  # a future that nobody holds cancels its request

    def note(future, begun):
        answers.append((future.code().name, time.monotonic() - begun))
        done.release()

    start, count = time.monotonic(), round(rate * seconds)
    for number in range(count):
        time.sleep(max(0, start + number / rate - time.monotonic()))
        begun, future = time.monotonic(), predict.future(request, timeout=60)
        futures.append(future)
        future.add_done_callback(lambda future, begun=begun: note(future, begun))
    for _ in range(count):
        done.acquire()
    codes, times = zip(*answers)
    queue.put((np.array(codes), np.array(times)))
