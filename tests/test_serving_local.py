"""The server as a process: flags, signals, and versions that change under load."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import tempfile
import threading
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
from absl.testing import flagsaver

from keras_vae.training.local_workers import free_ports
from serving import local
from serving.server.errors import ServingError
from serving.server.http import HttpServer
from serving.server.limits import Limits
from serving.server.monitoring import Monitoring
from tests.fake_models import fake_models
from tests.saved_models import export_everything, export_scale, floats
from tests.scripts import Script
from tests.served_grpc import HTTP2_GREETING, Client
from tests.served_models import eventually


class Server:
    """python -m serving.local on free ports; `grpc_port` and `rest_port` wait until they are open."""

    def __init__(self, log, *flags, **options):
        (rest,) = free_ports(1)
        self.script = Script(log, "-m", "serving.local", "--port=0", f"--rest_api_port={rest}", *flags, **options)

    def said(self, pattern):
        return re.search(pattern, self.script.text)

    def port(self, pattern):
        eventually(lambda: self.said(pattern) or self.script.status is not None)
        assert self.said(pattern), self.script.text
        return int(self.said(pattern)[1])

    @property
    def grpc_port(self):
        return self.port(r"Running gRPC ModelServer at 127\.0\.0\.1:(\d+) \.\.\.")

    @property
    def rest_port(self):
        return self.port(r"Exporting HTTP/REST API at:127\.0\.0\.1:(\d+) \.\.\.")


@contextlib.contextmanager
def running(*flags, **options):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(pathlib.Path(folder) / "log", *flags, **options)
        try:
            yield server
        finally:
            if server.script.status is None:
                server.script.send(signal.SIGKILL)
            server.script.wait(60)


def states(rest_port):
    with urllib.request.urlopen(f"http://127.0.0.1:{rest_port}/v1/models/m", timeout=20) as response:
        rows = json.load(response)["model_version_status"]
    return {int(row["version"]): row["state"] for row in rows}


def predict_over_rest(rest_port):
    body = json.dumps({"instances": [[1, 2]]}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{rest_port}/v1/models/m:predict", body, timeout=20) as response:
        return json.load(response)["predictions"][0]


def test_versions_roll_and_the_server_drains_without_losing_a_request(tmp_path):
    flags = ["--model_name=m", f"--model_base_path={tmp_path}", "--file_system_poll_wait_seconds=0.05"]
    with running(*flags, "--enable_batching", "--max_num_load_retries=0", "--host=127.0.0.1") as server:
        eventually(lambda: server.said("Could not find base path|No versions of servable m found"))
        assert not server.said("Running"), "no port is open before the model is loaded"
        export_scale(tmp_path / ".staging", 1, 3).rename(tmp_path / "1")
        client, rest_port = Client(server.grpc_port), server.rest_port
        answers, problems, draining = [], [], threading.Event()

        def keep_asking(ask):
            while not draining.is_set():
                try:
                    answers.append(tuple(ask()))
                except (grpc.RpcError, OSError) as error:
                    if not refused(error) or not draining.is_set():
                        problems.append(error)

        x = floats(1, 2, shape=[1, 2])
        asks = [lambda: client.predict(x=x).outputs["y"].float_val, lambda: predict_over_rest(rest_port)] * 3
        threads = [threading.Thread(target=keep_asking, args=(ask,), daemon=True) for ask in asks]
        for thread in threads:
            thread.start()
        eventually(lambda: (3, 6) in answers)
        (tmp_path / "2").mkdir()
        eventually(lambda: states(rest_port) == {2: "END", 1: "AVAILABLE"})
        export_scale(tmp_path / ".staging", 3, 5).rename(tmp_path / "3")
        eventually(lambda: states(rest_port) == {3: "AVAILABLE", 2: "END", 1: "END"})
        eventually(lambda: answers[-1] == (5, 10))
        draining.set()
        server.script.send(signal.SIGTERM)
        for thread in threads:
            thread.join(30)
        status, said = server.script.wait(60)
    assert status == 0 and "Traceback" not in said, said
    assert not problems
    assert set(answers) == {(3, 6), (5, 10)}


def refused(error):
    """Of a server that has closed its doors; anything else was accepted, and lost."""
    code = error.code() if isinstance(error, grpc.RpcError) else None
    return code == grpc.StatusCode.UNAVAILABLE or isinstance(getattr(error, "reason", error), ConnectionError)


def test_what_was_accepted_is_finished(tmp_path):
    export_everything(tmp_path, 1)
    with running("--model_name=m", f"--model_base_path={tmp_path}") as server:
        client = Client(server.grpc_port)
        client.predict("count", n=np.float32(1))
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(client.predict("count", n=np.float32(300_000)).outputs["n"].float_val[0])
        )
        asking.start()
        asking.join(0.3)  # the request is inside, and takes seconds
        assert not answers
        server.script.send(signal.SIGINT)
        eventually(lambda: server.said("Draining"))

        def refuses():
            try:
                Client(server.grpc_port).predict("count", timeout=2, n=np.float32(1))
            except grpc.RpcError:
                return True

        eventually(refuses)
        asking.join(60)
        assert answers == [300_000]
        assert server.script.wait(60)[0] == 0


def test_a_model_that_cannot_be_loaded_ends_the_process(tmp_path):
    (tmp_path / "1").mkdir()
    with running(f"--model_base_path={tmp_path}", "--max_num_load_retries=0") as server:
        status, said = server.script.wait(60)
    assert status == 1
    assert re.search(
        "Failed to start server. Error: UNKNOWN: 1 model.*{name: default version: 1} due to error: NOT_FOUND", said
    )
    assert "Traceback" not in said


@pytest.mark.parametrize("flag", ["model_config_file", "ssl_config_file"])
def test_a_file_that_is_not_there_is_wrong_input(flag, tmp_path):
    with running(f"--{flag}={tmp_path / 'absent'}", f"--model_base_path={tmp_path}") as server:
        status, said = server.script.wait(60)
    assert status == 2
    assert f"Failed to start server. Error: NOT_FOUND: {tmp_path / 'absent'}; No such file or directory" in said


@pytest.fixture
def flags():
    local.FLAGS.mark_as_parsed()
    with flagsaver.flagsaver():
        yield local.FLAGS


def refuses(call, message):
    with pytest.raises(ServingError, match=message):
        call()


def test_silent_connections_do_not_use_up_the_descriptors(tmp_path):
    export_scale(tmp_path, 1, 3)
    flags = ["--model_name=m", f"--model_base_path={tmp_path}", "--access_log"]
    with running(*flags, descriptors=128) as server, contextlib.ExitStack() as stack:
        for number in range(150):  # silent before, in and after HTTP/2's greeting
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", server.grpc_port), timeout=20))
            with contextlib.suppress(ConnectionError):  # there is no place for all of them
                silent.sendall(HTTP2_GREETING[: number // 3])
        assert predict_over_rest(server.rest_port) == [3, 6]
        for number in range(150):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", server.rest_port), timeout=20))
            silent.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"[: number // 2])
        for _ in range(20):
            assert predict_over_rest(server.rest_port) == [3, 6]
        line = json.loads(server.said(r"(?m)^\{.*\}$")[0])
        assert (line["model"], line["status"], line["bytes_received"]) == ("m", 200, 23)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_the_rest_api_listens_on_an_ipv6_address():
    server = HttpServer(fake_models(), Monitoring(), "::1", 0, threads=1, timeout_s=1, limits=Limits(), access_log=None)
    try:
        server.start()
    except ServingError:
        pytest.skip("no IPv6 loopback here")
    with urllib.request.urlopen(f"http://[::1]:{server.port}/v1/models/m", timeout=20) as response:
        assert json.load(response)["model_version_status"]
    server.stop(1)


def test_models_of_flags_and_of_files(flags, tmp_path):
    refuses(local.models_config, "Neither --model_base_path nor --model_config_file is given")
    flags.model_base_path = "exports"
    (model,) = local.models_config().model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("default", os.path.abspath("exports"), "tensorflow")
    file = tmp_path / "models.config"
    flags.model_config_file = str(file)
    refuses(local.models_config, f"{file}; No such file")
    file.write_text("model_config_list { config { what: 1 } }")
    refuses(local.models_config, "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:30")
    file.write_text("model_config_list { config { name: 'a' } config { name: 'b' } }")
    assert [each.name for each in local.models_config().model_config_list.config] == ["a", "b"]


def test_batching_of_flags_and_of_files(flags, tmp_path):
    assert local.batching_parts() == (None, None)
    file = tmp_path / "batching.config"
    flags.batching_parameters_file = str(file)
    refuses(local.batching_parts, "--batching_parameters_file is given without --enable_batching")
    flags.enable_batching = True
    file.write_text("max_batch_size { value: 7 } allowed_batch_sizes: 7 thread_pool_name { value: 'p' }")
    parameters, _ = local.batching_parts()
    assert (parameters.max_batch_size, parameters.max_enqueued_batches) == (7, 10)
    file.write_text("max_batch_size: 7")
    refuses(local.batching_parts, "Error parsing text-format tensorflow.serving.BatchingParameters")


def test_parameters_of_the_model_itself(flags, tmp_path):
    flags.enable_batching = flags.enable_per_model_batching_parameters = True
    load = local.loader(Monitoring())
    folder = export_scale(tmp_path, 1, 2)
    x = np.ones([3, 2], np.float32)

    def ask(servable):
        signature = servable.signatures["serving_default"]
        return servable.run({signature.inputs["x"].name: x}, [signature.outputs["y"].name])

    np.testing.assert_array_equal(ask(load("m", 1, str(folder)))[0], 2 * x)
    (folder / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    refuses(lambda: ask(load("m", 1, str(folder))), "Task size 3 is larger than maximum input batch size 2")


def test_the_session_of_flags_and_of_a_file(flags, tmp_path):
    file = tmp_path / "session.config"
    file.write_text("intra_op_parallelism_threads: 3 inter_op_parallelism_threads: 3 allow_soft_placement: true")
    flags.tensorflow_session_config_file = str(file)
    config = local.session_config()
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == (3, 3)
    flags.tensorflow_session_parallelism = 4
    config = local.session_config()
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == (4, 4)
    flags.tensorflow_session_parallelism = 0
    flags.tensorflow_intra_op_parallelism, flags.per_process_gpu_memory_fraction = 2, 0.5
    config = local.session_config()
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == (2, 3)
    assert config.allow_soft_placement and config.gpu_options.per_process_gpu_memory_fraction == 0.5
    file.write_text("threads: 3")
    refuses(local.session_config, "Error parsing text-format tensorflow.ConfigProto")


def test_a_script_for_tensorflow_serving_starts_this_server_too(tmp_path):
    export_scale(tmp_path, 1, 3)
    scripted = ["--num_unload_threads", "4", "-prefer_tflite_model", "--noflush_filesystem_caches"]
    with running("--model_name=m", f"--model_base_path={tmp_path}", "--enable_profiler=false", *scripted) as server:
        assert predict_over_rest(server.rest_port) == [3, 6]
        for name in ("num_unload_threads", "prefer_tflite_model", "flush_filesystem_caches", "enable_profiler"):
            assert server.said(f"--{name} has no effect here: ")
        assert not server.said("--num_tflite_pools has")


def test_metrics_and_channel_arguments(flags, tmp_path):
    assert local.read_metrics_path() is None
    file = tmp_path / "monitoring.config"
    flags.monitoring_config_file = str(file)
    file.write_text("prometheus_config { enable: true }")
    assert local.read_metrics_path() == "/monitoring/prometheus/metrics"
    file.write_text("prometheus_config { enable: true, path: '/metrics' }")
    assert local.read_metrics_path() == "/metrics"
    flags.grpc_channel_arguments = "grpc.max_connection_age_ms=2000,grpc.lb_policy_name=x"
    assert local.channel_arguments() == [("grpc.max_connection_age_ms", 2000), ("grpc.lb_policy_name", "x")]


def test_a_mistake_in_the_monitoring_file_ends_the_server_before_a_model_is_loaded(flags, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "Models", None)  # would fail
    flags.monitoring_config_file = str(tmp_path / "monitoring.config")
    (tmp_path / "monitoring.config").write_text("prometheus { enable: true }")
    with pytest.raises(ServingError, match="monitoring.config"):
        local.serve(threading.Event())
