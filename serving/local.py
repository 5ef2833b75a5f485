"""An embedded server for machines without Docker; it speaks TensorFlow Serving's protocol and takes its flags."""

import functools
import os
import signal
import sys
import threading
from concurrent import futures

from absl import app, logging

from serving import local_flags, memory

if __name__ == "__main__":
    local_flags.parse(sys.argv)  # --help and mistakes do not wait for TensorFlow
    memory.share_arenas()  # TensorFlow starts threads

import serving._quiet  # noqa: E402, F401  TensorFlow, without what it prints

# isort: split
import tensorflow as tf
from tensorflow_serving.config import model_server_config_pb2

from serving.server import config_protos, model_config, tensors
from serving.server.batching import Merger, Parameters, Workers
from serving.server.calls import AccessLog
from serving.server.credentials import read_credentials
from serving.server.errors import ServingError, invalid_argument
from serving.server.grpc_services import GrpcServer
from serving.server.http import HttpServer
from serving.server.limits import Limits
from serving.server.models import Models
from serving.server.monitoring import Monitoring
from serving.server.servable import Servable
from serving.server.warm_up import warm_up

FLAGS = local_flags.FLAGS
GRACE_S = 30
TRIM_S = 2


def filled(message, path):
    """The message, with what the file of a flag says, where one is given."""
    return config_protos.read(path, message) if path else message


def batching_parts():
    """(Parameters for all models or None, Workers or None)."""
    if FLAGS.enable_batching:
        parameters = Parameters(filled(config_protos.BatchingParameters(), FLAGS.batching_parameters_file))
        return parameters, Workers(parameters.threads)
    if FLAGS.batching_parameters_file:
        raise invalid_argument("--batching_parameters_file is given without --enable_batching")
    return None, None


def session_config():
    """The ConfigProto of the sessions; flags that are not 0 win over the file."""
    config = filled(tf.compat.v1.ConfigProto(), FLAGS.tensorflow_session_config_file)
    shared = FLAGS.tensorflow_session_parallelism
    of_flags = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=FLAGS.tensorflow_intra_op_parallelism or shared,
        inter_op_parallelism_threads=FLAGS.tensorflow_inter_op_parallelism or shared,
        gpu_options={"per_process_gpu_memory_fraction": FLAGS.per_process_gpu_memory_fraction},
    )
    config.MergeFrom(of_flags)  # which leaves what is 0
    return config


def loader(monitoring):
    """The function that loads and warms one version, by the flags."""
    parameters, workers = batching_parts()
    config = session_config()
    tags = FLAGS.saved_model_tags.split(",")
    if workers:
        monitoring.gauge("batches_waiting", ("queue", "all"), lambda: workers.waiting)

    def load(name, version, path):
        used = parameters
        if workers and FLAGS.enable_per_model_batching_parameters:
            file, proto = os.path.join(path, "batching_params.pbtxt"), config_protos.BatchingParameters()
            used = Parameters(config_protos.read(file, proto)) if os.path.exists(file) else None
        merger = Merger(used, workers, functools.partial(monitoring.batches.add, (name,))) if used else None
        checks, rows = FLAGS.enable_signature_method_name_check, FLAGS.max_rows_per_request
        servable = Servable(name, version, path, tags, config, merger, checks, rows)
        try:
            if FLAGS.enable_model_warmup:
                seconds = warm_up(servable, path, max(1, FLAGS.num_request_iterations_for_warmup))
                if seconds is not None:
                    monitoring.warm_ups.add((path, "OK"), seconds * 1e6)
        except BaseException:
            servable.close()
            raise
        return servable

    return load


def models_config():
    """The ModelServerConfig of the flags."""
    if FLAGS.model_config_file:
        return config_protos.read(FLAGS.model_config_file, model_server_config_pb2.ModelServerConfig())
    if FLAGS.model_base_path:
        return model_config.single(FLAGS.model_name, FLAGS.model_base_path)
    raise invalid_argument("Neither --model_base_path nor --model_config_file is given")


def poll_models_config(models, stopping):
    """Reloads the models' file again and again; a broken one is said and left."""
    while not stopping.wait(FLAGS.model_config_file_poll_wait_seconds):
        try:
            models.configure(models_config())
        except ServingError as error:
            logging.error("The models of %s stay as they were: %s", FLAGS.model_config_file, error.message)


def read_metrics_path():
    """Path where Prometheus finds the metrics, or None."""
    config = filled(config_protos.MonitoringConfig(), FLAGS.monitoring_config_file).prometheus_config
    return (config.path or "/monitoring/prometheus/metrics") if config.enable else None


def channel_arguments():
    """[(name, value)], numbers as numbers."""
    pairs = [each.partition("=") for each in FLAGS.grpc_channel_arguments.split(",") if each]
    return [(name, int(value) if value.lstrip("-").isdigit() else value) for name, _, value in pairs]


def start_servers(models, monitoring, credentials, metrics_path, access_log):
    """The listening servers, gRPC and perhaps REST."""
    threads = 64 if FLAGS.enable_batching else 4 * os.cpu_count()
    both = models, monitoring, FLAGS.host
    rpc = GrpcServer(
        *both,
        FLAGS.port,
        threads=FLAGS.grpc_max_threads or threads,
        most_queued=FLAGS.grpc_max_queued_requests,
        max_receive_bytes=FLAGS.grpc_max_receive_bytes,
        socket_path=FLAGS.grpc_socket_path,
        arguments=channel_arguments(),
        with_health=FLAGS.enable_grpc_healthcheck_service,
        with_reflection=FLAGS.enable_grpc_reflection,
        credentials=credentials,
        access_log=access_log,
        to_proto=tensors.to_content_proto if FLAGS.enable_serialization_as_tensor_content else tensors.to_proto,
    )
    servers = [rpc]
    if FLAGS.rest_api_port:
        rest = HttpServer(
            *both,
            FLAGS.rest_api_port,
            threads=FLAGS.rest_api_num_threads or threads,
            timeout_s=FLAGS.rest_api_timeout_in_ms / 1000,
            metrics_path=metrics_path,
            cors=FLAGS.rest_api_enable_cors_support,
            limits=Limits(**{limit: FLAGS[f"rest_api_{limit}"].value for limit in Limits._fields}),
            access_log=access_log,
        )
        servers.append(rest)
    for server in servers:
        server.start()
    return servers


def serve(stopping):
    """Loads the models, serves until `stopping` is set, and finishes what was accepted."""
    # Files with mistakes end the server before it loads a model.
    credentials = read_credentials(FLAGS.ssl_config_file) if FLAGS.ssl_config_file else None
    metrics_path = read_metrics_path()
    monitoring, access_log = Monitoring(), AccessLog(sys.stdout) if FLAGS.access_log else None
    models = Models(
        loader(monitoring),
        poll_wait_s=FLAGS.file_system_poll_wait_seconds,
        retries=FLAGS.max_num_load_retries,
        retry_wait_s=FLAGS.load_retry_interval_micros / 1e6,
        labels_for_unavailable=FLAGS.allow_version_labels_for_unavailable_models,
        pool=futures.ThreadPoolExecutor(FLAGS.num_load_threads or os.cpu_count(), "load"),
    )
    monitoring.known = models.names
    new = models.configure(models_config())
    models.start()
    models.wait(new, for_versions=True, going=lambda: not stopping.is_set())
    if stopping.is_set():
        return
    servers = start_servers(models, monitoring, credentials, metrics_path, access_log)
    if FLAGS.model_config_file and FLAGS.model_config_file_poll_wait_seconds > 0:
        threading.Thread(target=poll_models_config, args=(models, stopping), daemon=True).start()
    logging.info("Running gRPC ModelServer at %s:%d ...", FLAGS.host, servers[0].port)
    for rest in servers[1:]:
        logging.info("Exporting HTTP/REST API at:%s:%d ...", FLAGS.host, rest.port)
    while not stopping.wait(TRIM_S):
        memory.give_back()
    logging.info("Draining: nothing new is accepted, what was accepted is finished")
    with futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: server.stop(GRACE_S), servers))
    models.stop()
    if access_log:
        access_log.close()


def main():
    if FLAGS.version:
        print(f"TensorFlow ModelServer: embedded in Python\nTensorFlow Library: {tf.__version__}")
        return
    local_flags.tell_no_effect()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        serve(stopping)
        code = 0
    except ServingError as error:
        logging.error("Failed to start server. Error: %s: %s", error.code.name, error.message)
        code = 2 if error.code.name in ("INVALID_ARGUMENT", "NOT_FOUND") else 1  # of a flag, or a file that one names
    # Loading threads may be inside TensorFlow, where a tidy exit of the interpreter would trip over them.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    app.run(lambda _: main(), flags_parser=lambda argv: argv[:1])  # with absl's logging
