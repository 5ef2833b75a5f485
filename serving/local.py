"""An embedded server for machines without Docker; it speaks TensorFlow Serving's protocol and takes its flags.

python -m serving.local --model_name=vae --model_base_path=EXPORTS --port=8500 --rest_api_port=8501
"""

import ctypes
import functools
import os
import signal
import sys
import threading
from concurrent import futures

import serving._quiet  # noqa: F401  TensorFlow, without what it prints

# isort: split
import tensorflow as tf
from absl import app, flags, logging
from tensorflow_serving.config import model_server_config_pb2

from serving import other_flags
from serving.server import config_protos, model_config, tensors
from serving.server.batch_queues import Workers
from serving.server.batching import Merger
from serving.server.batching_parameters import Parameters
from serving.server.credentials import read_credentials
from serving.server.errors import ServingError, invalid_argument
from serving.server.grpc_services import MAX_QUEUED, MAX_RECEIVE_BYTES, GrpcServer
from serving.server.http import HttpServer, Limits
from serving.server.models import Models
from serving.server.monitoring import Monitoring
from serving.server.servable import Servable
from serving.server.warm_up import warm_up

FLAGS = flags.FLAGS
GRACE_S = 30
TRIM_S = 2
DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics"

flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 for all of them")
flags.DEFINE_integer("port", 8500, "port of the gRPC API; 0 takes any free one")
flags.DEFINE_integer("rest_api_port", 0, "port of the REST API; 0 for none")
flags.DEFINE_string("grpc_socket_path", "", "a Unix socket for the gRPC API too")
flags.DEFINE_string("model_name", "default", "name of the model; ignored with --model_config_file")
flags.DEFINE_string("model_base_path", "", "folder of numbered versions; ignored with --model_config_file")
flags.DEFINE_string("model_config_file", "", "a ModelServerConfig in text format: several models, policies, labels")
flags.DEFINE_float("model_config_file_poll_wait_seconds", 0, "seconds between looks at that file; 0 reads it once")
flags.DEFINE_float("file_system_poll_wait_seconds", 1, "seconds between looks for new versions; 0 looks once")
flags.DEFINE_bool("allow_version_labels_for_unavailable_models", False, "unused labels may name unloaded versions")
flags.DEFINE_integer("max_num_load_retries", 5, "further tries after a load that failed")
flags.DEFINE_integer("load_retry_interval_micros", 60_000_000, "microseconds between them")
flags.DEFINE_integer("num_load_threads", 0, "versions that load at a time; 0 for as many as cores")
flags.DEFINE_bool("enable_model_warmup", True, "replay a version's recorded requests before it serves")
flags.DEFINE_integer("num_request_iterations_for_warmup", 0, "how often, where greater than 0")
flags.DEFINE_string("saved_model_tags", "serve", "tags of the meta graph to load, separated by commas")
flags.DEFINE_bool("enable_signature_method_name_check", False, "signatures answer only their method_name's method")
flags.DEFINE_bool("enable_serialization_as_tensor_content", False, "gRPC's Predict answers in tensor_content")
flags.DEFINE_integer("max_rows_per_request", 256, "rows of a request's inputs; 0 for any number; not TF-Serving's")
flags.DEFINE_bool("enable_batching", False, "run concurrent requests together")
flags.DEFINE_string("batching_parameters_file", "", "BatchingParameters in text format")
flags.DEFINE_bool("enable_per_model_batching_parameters", False, "read batching_params.pbtxt in each version instead")
flags.DEFINE_string("monitoring_config_file", "", "a MonitoringConfig in text format")
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "serve grpc.health.v1 too; it follows the models")
flags.DEFINE_bool("enable_grpc_reflection", False, "let gRPC clients ask for the services; not TF-Serving's")
flags.DEFINE_integer("grpc_max_queued_requests", MAX_QUEUED, "requests that may wait for a thread; not TF-Serving's")
flags.DEFINE_integer("grpc_max_receive_bytes", MAX_RECEIVE_BYTES, "of a message, unzipped; not TF-Serving's")
flags.DEFINE_string("grpc_channel_arguments", "", "for the gRPC server: name=value,name=value")
flags.DEFINE_string("ssl_config_file", "", "an SSLConfig in text format: a secure gRPC port")
flags.DEFINE_integer("grpc_max_threads", None, "gRPC requests at a time; 4 per core, or 64 with batching")
flags.DEFINE_integer("rest_api_num_threads", None, "the same for REST")
flags.DEFINE_integer("rest_api_timeout_in_ms", 30_000, "time that a REST request may take, from its arrival")
for _limit, _meaning in {
    "max_connections": "open connections at most, or half the process's descriptors; the most silent one gives way",
    "header_timeout_in_ms": "time that a new connection has for the headers of its first request",
    "body_timeout_in_ms": "time that the body of a request may take to arrive",
    "keep_alive_in_ms": "time that a connection may be without a request, or take for an answer",
    "max_body_bytes": "of one request, unzipped; 413 beyond",
    "max_inside_bytes": "bodies of all requests inside together; 503 beyond",
    "max_queued_requests": "requests that may wait for one of the threads; 503 beyond",
    "max_json_values": "of one request, an object counting as eight; 400 beyond",
}.items():
    flags.DEFINE_integer(f"rest_api_{_limit}", Limits._field_defaults[_limit], _meaning)
flags.DEFINE_bool("access_log", False, "write a line of JSON to standard output for each request")
flags.DEFINE_bool("rest_api_enable_cors_support", False, "let web pages from elsewhere call the REST API")
flags.DEFINE_string("tensorflow_session_config_file", "", "a ConfigProto in text format")
flags.DEFINE_float("per_process_gpu_memory_fraction", 0, "of a GPU's memory; 0 for what TensorFlow chooses")
flags.DEFINE_integer("tensorflow_session_parallelism", 0, "threads for both of the following; 0 for as many as cores")
flags.DEFINE_integer("tensorflow_intra_op_parallelism", 0, "threads of one operation; 0 for as many as cores")
flags.DEFINE_integer("tensorflow_inter_op_parallelism", 0, "operations at a time; 0 for as many as cores")
flags.DEFINE_bool("version", False, "say what this is, and leave")


def batching_parts():
    """(Parameters for all models or None, Workers or None)."""
    if not FLAGS.enable_batching:
        if FLAGS.batching_parameters_file:
            raise invalid_argument(
                "server_options.batching_parameters_file is set without setting server_options.enable_batching to true."
            )
        return None, None
    proto = config_protos.BatchingParameters()
    if FLAGS.batching_parameters_file:
        config_protos.read(FLAGS.batching_parameters_file, proto)
    parameters = Parameters(proto)
    return parameters, Workers(parameters.threads)


def session_config():
    """The ConfigProto of the sessions; flags that are not 0 win over the file."""
    config = tf.compat.v1.ConfigProto()
    if FLAGS.tensorflow_session_config_file:
        config_protos.read(FLAGS.tensorflow_session_config_file, config)
    shared = FLAGS.tensorflow_session_parallelism
    config.intra_op_parallelism_threads = (
        FLAGS.tensorflow_intra_op_parallelism or shared or config.intra_op_parallelism_threads
    )
    config.inter_op_parallelism_threads = (
        FLAGS.tensorflow_inter_op_parallelism or shared or config.inter_op_parallelism_threads
    )
    if FLAGS.per_process_gpu_memory_fraction:
        config.gpu_options.per_process_gpu_memory_fraction = FLAGS.per_process_gpu_memory_fraction
    return config


def loader(monitoring):
    """The function that loads and warms one version, by the flags."""
    parameters, workers = batching_parts()
    config = session_config()
    tags = FLAGS.saved_model_tags.split(",")

    if workers:
        monitoring.gauge("batches_waiting", ("queue", "all"), lambda: workers.waiting)

    def merger(name, path):
        observe = functools.partial(monitoring.observe_batch, name)
        if not FLAGS.enable_per_model_batching_parameters:
            return Merger(parameters, workers, observe)
        file = os.path.join(path, "batching_params.pbtxt")
        if not os.path.exists(file):
            return None
        own = Parameters(config_protos.read(file, config_protos.BatchingParameters()))
        return Merger(own, workers, observe)

    def load(name, version, path):
        checks = FLAGS.enable_signature_method_name_check
        merges, rows = merger(name, path) if workers else None, FLAGS.max_rows_per_request
        servable = Servable(name, version, path, tags, config, merges, checks, rows)
        try:
            if FLAGS.enable_model_warmup:
                seconds = warm_up(servable, path, max(1, FLAGS.num_request_iterations_for_warmup))
                if seconds is not None:
                    monitoring.observe_warm_up(path, seconds)
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
    raise invalid_argument("Both server_options.model_base_path and server_options.model_config_file are empty!")


def poll_models_config(models, stopping):
    """Reloads the models' file again and again; a broken one is said and left."""
    while not stopping.wait(FLAGS.model_config_file_poll_wait_seconds):
        try:
            models.configure(models_config())
        except ServingError as error:
            logging.error("The models of %s stay as they were: %s", FLAGS.model_config_file, error.message)


def metrics_path():
    """Path where Prometheus finds the metrics, or None."""
    config = config_protos.MonitoringConfig()
    if FLAGS.monitoring_config_file:
        config_protos.read(FLAGS.monitoring_config_file, config)
    return (config.prometheus_config.path or DEFAULT_METRICS_PATH) if config.prometheus_config.enable else None


def channel_arguments():
    """[(name, value)], numbers as numbers."""
    pairs = [each.partition("=") for each in FLAGS.grpc_channel_arguments.split(",") if each]
    return [(name, int(value) if value.lstrip("-").isdigit() else value) for name, _, value in pairs]


def start_servers(models, monitoring):
    """The listening servers, gRPC and perhaps REST."""
    threads = 64 if FLAGS.enable_batching else 4 * os.cpu_count()
    servers = [
        GrpcServer(
            models,
            monitoring,
            FLAGS.host,
            FLAGS.port,
            threads=FLAGS.grpc_max_threads or threads,
            most_queued=FLAGS.grpc_max_queued_requests,
            max_receive_bytes=FLAGS.grpc_max_receive_bytes,
            socket_path=FLAGS.grpc_socket_path,
            arguments=channel_arguments(),
            with_health=FLAGS.enable_grpc_healthcheck_service,
            with_reflection=FLAGS.enable_grpc_reflection,
            credentials=read_credentials(FLAGS.ssl_config_file) if FLAGS.ssl_config_file else None,
            access_log=sys.stdout if FLAGS.access_log else None,
            to_proto=tensors.to_content_proto if FLAGS.enable_serialization_as_tensor_content else tensors.to_proto,
        )
    ]
    if FLAGS.rest_api_port:
        servers.append(
            HttpServer(
                models,
                monitoring,
                FLAGS.host,
                FLAGS.rest_api_port,
                threads=FLAGS.rest_api_num_threads or threads,
                timeout_s=FLAGS.rest_api_timeout_in_ms / 1000,
                metrics_path=metrics_path(),
                cors=FLAGS.rest_api_enable_cors_support,
                limits=Limits(**{limit: FLAGS[f"rest_api_{limit}"].value for limit in Limits._fields}),
                access_log=sys.stdout if FLAGS.access_log else None,
            )
        )
    for server in servers:
        server.start()
    return servers


def give_back_memory():
    """Hands freed memory to the system: glibc keeps what large requests had taken, in the arena of every thread."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def serve(stopping):
    """Loads the models, serves until `stopping` is set, and finishes what was accepted."""
    monitoring = Monitoring()
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
    servers = start_servers(models, monitoring)
    if FLAGS.model_config_file and FLAGS.model_config_file_poll_wait_seconds > 0:
        threading.Thread(target=poll_models_config, args=(models, stopping), daemon=True).start()
    logging.info("Running gRPC ModelServer at %s:%d ...", FLAGS.host, servers[0].port)
    for rest in servers[1:]:
        logging.info("Exporting HTTP/REST API at:%s:%d ...", FLAGS.host, rest.port)
    while not stopping.wait(TRIM_S):
        give_back_memory()
    logging.info("Draining: nothing new is accepted, what was accepted is finished")
    with futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: server.stop(GRACE_S), servers))
    models.stop()


def main(arguments):
    if FLAGS.version:
        print(f"TensorFlow ModelServer: embedded in Python\nTensorFlow Library: {tf.__version__}")
        return
    if arguments[1:]:
        raise app.UsageError(f"unknown argument: {arguments[1]}")
    other_flags.tell()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        serve(stopping)
        code = 0
    except ServingError as error:
        logging.error("Failed to start server. Error: %s: %s", error.code.name, error.message)
        code = 1
    # Loading threads may be inside TensorFlow, where a tidy exit of the interpreter would trip over them.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    app.run(main)
