"""The container's files: right by TensorFlow Serving's own protos, and at work in the embedded server."""

import pathlib
import re
import subprocess
import urllib.request

import grpc
import kubernetes_validate
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from keras_vae.training.local_workers import free_ports
from serving.client import ROWS_PER_REQUEST, Client
from serving.server import config_protos
from serving.server.monitoring import Monitoring
from tests import tiny_served

SERVING = tiny_served.ROOT / "serving"
# What `tensorflow_model_server --help` of 2.20.0 lists and this file may use.
SERVER_FLAGS = {
    "allow_version_labels_for_unavailable_models",
    "batching_parameters_file",
    "enable_batching",
    "enable_grpc_healthcheck_service",
    "file_system_poll_wait_seconds",
    "grpc_max_threads",
    "max_num_load_retries",
    "model_base_path",
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "model_name",
    "monitoring_config_file",
    "num_load_threads",
    "port",
    "rest_api_num_threads",
    "rest_api_port",
    "rest_api_timeout_in_ms",
    "tensorflow_inter_op_parallelism",
    "tensorflow_intra_op_parallelism",
}


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((SERVING / "docker-compose.yml").read_text())["services"]


def test_models_config():
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((SERVING / "models.config").read_text(), config)
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("vae", "/models/vae", "tensorflow")
    assert model.model_version_policy.WhichOneof("policy_choice") == "all"
    assert dict(model.version_labels) == {"stable": 1, "canary": 1}


def test_batching_config_takes_what_clients_send():
    parameters = config_protos.BatchingParameters()
    text_format.Parse((SERVING / "batching.config").read_text(), parameters)
    assert parameters.max_batch_size.value == ROWS_PER_REQUEST
    assert parameters.batch_timeout_micros.value == 0
    assert parameters.max_enqueued_batches.value > 0


def test_monitoring_config():
    config = config_protos.MonitoringConfig()
    text_format.Parse((SERVING / "monitoring.config").read_text(), config)
    assert config.prometheus_config.enable
    assert config.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_each_container_is_confined(services):
    assert set(services) == {"serving", "tensorboard"}
    assert services["tensorboard"]["profiles"] == ["tensorboard"]
    assert "profiles" not in services["serving"]
    for service in services.values():
        assert re.fullmatch(r"tensorflow/(serving|tensorflow):\d+\.\d+\.\d+", service["image"])
        assert service["read_only"] is True
        assert service["user"] not in ("0", "root", "0:0")
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true", "label:disable"]
        assert service["mem_limit"] and service["pids_limit"] > 0
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}
        assert all(volume["read_only"] is True for volume in service["volumes"])
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_flags_and_files_of_the_server_exist(services):
    inside = {volume["target"]: volume["source"] for volume in services["serving"]["volumes"]}
    assert inside == {"/models/vae": "${EXPORT_DIR:-../export}", "/config": "."}
    for flag in services["serving"]["command"]:
        name, value = re.fullmatch(r"--(\w+)=(\S+)", flag).groups()
        assert name in SERVER_FLAGS
        if name.endswith("_file"):
            assert pathlib.Path(value).parent == pathlib.Path("/config")
            assert (SERVING / pathlib.Path(value).name).is_file()


def manifests():
    for file in sorted((SERVING / "kubernetes").glob("*.yaml")):
        for number, manifest in enumerate(yaml.safe_load_all(file.read_text())):
            yield pytest.param(file.name, manifest, id=f"{file.stem}-{number}")


@pytest.mark.parametrize(("file", "manifest"), manifests())
def test_kubernetes_manifests_fit_the_published_schema(file, manifest):
    if file == "gpu.yaml":
        manifest = patched(deployment(), manifest)
    assert kubernetes_validate.validate(manifest, "1.32", strict=True) is not None


def deployment():
    return next(yaml.safe_load_all((SERVING / "kubernetes" / "serving.yaml").read_text()))


def patched(old, new):
    """As kubectl's strategic merge patch does it: maps merge, and so do lists of things with names."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: patched(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and all(isinstance(each, dict) and "name" in each for each in [*old, *new]):
        named = {each["name"]: each for each in new}
        return [patched(each, named[each["name"]]) if each["name"] in named else each for each in old]
    return new


def test_kubernetes_and_compose_start_the_same_server(services):
    spec = deployment()["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["args"] == services["serving"]["command"]
    assert [*services["serving"]["entrypoint"]] == container["command"]
    assert container["image"] == services["serving"]["image"]
    ready = container["readinessProbe"]["exec"]["command"]
    assert ready == services["serving"]["healthcheck"]["test"][1:]
    assert container["securityContext"]["readOnlyRootFilesystem"] and spec["securityContext"]["runAsNonRoot"]
    drain = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert drain < spec["terminationGracePeriodSeconds"]
    (gpu,) = patched(deployment(), yaml.safe_load((SERVING / "kubernetes" / "gpu.yaml").read_text()))["spec"][
        "template"
    ]["spec"]["containers"]
    assert gpu["resources"]["limits"] == {"memory": "4Gi", "nvidia.com/gpu": 1}
    assert gpu["args"] == container["args"]


def test_alerts_speak_of_metrics_that_there_are():
    groups = yaml.safe_load((SERVING / "alerts.yml").read_text())["groups"]
    known = Monitoring().text()
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        for metric in re.findall(r":tensorflow:serving:\w+", rule["expr"]):
            assert f"# TYPE {metric.removesuffix('_bucket')} " in known
        for code in re.findall(r"[A-Z_]{6,}", rule["expr"]):
            assert hasattr(grpc.StatusCode, code)


@pytest.fixture(scope="module")
def address(services, tmp_path_factory):
    """The embedded server with the container's flags and files; only places differ."""
    base = tiny_served.export(tmp_path_factory.mktemp("vae"))
    for file in SERVING.glob("*.config"):
        (base / file.name).write_text(file.read_text().replace("/models/vae", str(base)))
    flags = [flag.replace("/config/", f"{base}/") for flag in services["serving"]["command"] if "port=" not in flag]
    with tiny_served.served(*flags) as (rest, _):
        yield rest


def test_the_embedded_server_understands_flags_and_files(address):
    for label in ("stable", "canary"):
        with Client(address, label=label) as client:
            assert client.sample(2 * ROWS_PER_REQUEST).shape == (2 * ROWS_PER_REQUEST, *tiny_served.SHAPE)
    with urllib.request.urlopen(f"{address}/monitoring/prometheus/metrics") as response:
        assert ':tensorflow:serving:request_count{model_name="vae",status="OK"}' in response.read().decode()


def test_the_health_check_tells_a_served_model_from_none(services, address):
    kind, *command = services["serving"]["healthcheck"]["test"]
    port = address.rsplit(":", 1)[1]

    def healthy(old, new):
        replaced = [part.replace(old, new) for part in command]
        assert replaced != command
        return subprocess.run(replaced, capture_output=True, timeout=30).returncode == 0

    assert kind == "CMD"
    assert healthy("127.0.0.1/8501", f"127.0.0.1/{port}")
    assert not healthy("127.0.0.1/8501", f"127.0.0.1/{free_ports(1)[0]}")
    command = [part.replace("127.0.0.1/8501", f"127.0.0.1/{port}") for part in command]
    assert not healthy("models/vae", "models/absent")
