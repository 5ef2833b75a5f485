"""Flags of the embedded server, TensorFlow Serving's by name; a mistake in them does not wait for TensorFlow."""

import functools
import re
import sys

from absl import flags, logging

from serving import parsing
from serving.server.limits import MAX_QUEUED, MAX_RECEIVE_BYTES, Limits

FLAGS = flags.FLAGS
HELP = {"--help", "-help", "-h", "--helpshort", "-?"}
PROGRAM = "python -m serving.local"
EXAMPLE = "--model_name=vae --model_base_path=exports/photos --port=8500 --rest_api_port=8501"
# Those that most servers are started with, for --help; --helpfull has all.
COMMON = {
    "Models": ("model_name", "model_base_path", "model_config_file", "file_system_poll_wait_seconds"),
    "Ports": ("host", "port", "rest_api_port", "ssl_config_file", "rest_api_enable_cors_support"),
    "Load": ("enable_batching", "max_rows_per_request", "grpc_max_threads", "rest_api_num_threads"),
    "Watching": ("monitoring_config_file", "enable_grpc_healthcheck_service", "access_log"),
}


class _Path(flags.ArgumentParser):
    syntactic_help = "a path"

    def parse(self, argument):
        return parsing.expanded(argument)


text = flags.DEFINE_string
switch = flags.DEFINE_bool
whole = functools.partial(flags.DEFINE_integer, lower_bound=0)
positive = functools.partial(flags.DEFINE_integer, lower_bound=1)
port = functools.partial(whole, upper_bound=65535)
number = functools.partial(flags.DEFINE_float, lower_bound=0)
path = functools.partial(flags.DEFINE, _Path(), default="")

text("host", "127.0.0.1", "address to listen on; 0.0.0.0 for all of them")
port("port", 8500, "port of the gRPC API; 0 takes any free one")
port("rest_api_port", 0, "port of the REST API; 0 for none")
path("grpc_socket_path", help="a Unix socket for the gRPC API too")
text("model_name", "default", "name of the model; ignored with --model_config_file")
path("model_base_path", help="folder of numbered versions; ignored with --model_config_file")
path("model_config_file", help="a ModelServerConfig in text format: several models, policies, labels")
number("model_config_file_poll_wait_seconds", 0, "seconds between looks at that file; 0 reads it once")
number("file_system_poll_wait_seconds", 1, "seconds between looks for new versions; 0 looks once")
switch("allow_version_labels_for_unavailable_models", False, "unused labels may name unloaded versions")
whole("max_num_load_retries", 5, "further tries after a load that failed")
whole("load_retry_interval_micros", 60_000_000, "microseconds between them")
whole("num_load_threads", 0, "versions that load at a time; 0 for as many as cores")
switch("enable_model_warmup", True, "replay a version's recorded requests before it serves")
whole("num_request_iterations_for_warmup", 0, "how often, where greater than 0")
text("saved_model_tags", "serve", "tags of the meta graph to load, separated by commas")
switch("enable_signature_method_name_check", False, "signatures answer only their method_name's method")
switch("enable_serialization_as_tensor_content", False, "gRPC's Predict answers in tensor_content")
whole("max_rows_per_request", 256, "rows of a request's inputs; 0 for any number; not TF-Serving's")
switch("enable_batching", False, "run concurrent requests together")
path("batching_parameters_file", help="BatchingParameters in text format")
switch("enable_per_model_batching_parameters", False, "read batching_params.pbtxt in each version instead")
path("monitoring_config_file", help="a MonitoringConfig in text format")
switch("enable_grpc_healthcheck_service", False, "serve grpc.health.v1 too; it follows the models")
switch("enable_grpc_reflection", False, "let gRPC clients ask for the services; not TF-Serving's")
whole("grpc_max_queued_requests", MAX_QUEUED, "requests that may wait for a thread; not TF-Serving's")
whole("grpc_max_receive_bytes", MAX_RECEIVE_BYTES, "of a message, unzipped; not TF-Serving's")
text("grpc_channel_arguments", "", "for the gRPC server: name=value,name=value")
path("ssl_config_file", help="an SSLConfig in text format: a secure gRPC port")
positive("grpc_max_threads", None, "gRPC requests at a time; 4 per core, or 64 with batching")
positive("rest_api_num_threads", None, "the same for REST")
whole("rest_api_timeout_in_ms", 30_000, "time that a REST request may take, from its arrival")
for _limit, _meaning in {
    "max_connections": "open connections at most, or a third of all descriptors; the most silent one gives way",
    "header_timeout_in_ms": "time that a new connection has for the headers of its first request",
    "body_timeout_in_ms": "time that the body of a request may take to arrive",
    "keep_alive_in_ms": "time that a connection may be without a request, or take for an answer",
    "max_body_bytes": "of one request, unzipped; 413 beyond",
    "max_inside_bytes": "bodies of all requests inside together; 503 beyond",
    "max_queued_requests": "requests that may wait for one of the threads; 503 beyond",
    "max_json_values": "of one request, an object counting as eight; 400 beyond",
}.items():
    positive(f"rest_api_{_limit}", Limits._field_defaults[_limit], _meaning)
switch("access_log", False, "write a line of JSON to standard output for each request")
switch("rest_api_enable_cors_support", False, "let web pages from elsewhere call the REST API")
path("tensorflow_session_config_file", help="a ConfigProto in text format")
number("per_process_gpu_memory_fraction", 0, "of a GPU's memory; 0 for what TensorFlow chooses", upper_bound=1)
whole("tensorflow_session_parallelism", 0, "threads for both of the following; 0 for as many as cores")
whole("tensorflow_intra_op_parallelism", 0, "threads of one operation; 0 for as many as cores")
whole("tensorflow_inter_op_parallelism", 0, "operations at a time; 0 for as many as cores")
switch("version", False, "say what this is, and leave")

# TensorFlow Serving's flags that change nothing here: taken, so that its scripts start this server too.
NO_EFFECT = {
    "enable_profiler": (switch, "no profiler service"),
    "flush_filesystem_caches": (switch, "the system keeps its caches"),
    "mixed_precision": (text, "models run in the precision they were exported in"),
    "num_tflite_interpreters_per_pool": (text, "TensorFlow Lite models are not served"),
    "num_tflite_pools": (text, "TensorFlow Lite models are not served"),
    "num_unload_threads": (text, "versions load and unload in the same threads"),
    "prefer_tflite_model": (switch, "TensorFlow Lite models are not served"),
    "remove_unused_fields_from_bundle_metagraph": (switch, "only signatures are kept of a meta graph"),
    "skip_initialize_tpu": (switch, "TPUs are not used"),
    "xla_cpu_compilation_enabled": (switch, "functions exported with jit_compile=True are compiled"),
    "xla_gpu_compilation_enabled": (switch, "functions exported with jit_compile=True are compiled"),
}
for _name, (_define, _reason) in NO_EFFECT.items():
    _define(_name, None, f"no effect: {_reason}")


def tell_no_effect():
    """Say which flags were given that change nothing."""
    for name, (_, reason) in NO_EFFECT.items():
        if FLAGS[name].present:
            logging.warning("--%s has no effect here: %s", name, reason)


def parse(argv):
    """Parse the flags; --help and mistakes end the process, the latter with 2."""
    if HELP.intersection(argv[1:]):
        print(screen(argv[0] if argv[0].startswith("keras-vae") else PROGRAM))
        sys.exit(0)
    if "--helpfull" in argv[1:]:
        print(f"{PROGRAM} {EXAMPLE}\n{FLAGS.get_help()}")
        sys.exit(0)
    try:
        words = FLAGS(argv)[1:]
        if not words:
            return
        message = f"left over on the command line: {' '.join(words)}"
        misspelled = f"--{words[0].lstrip('-').partition('=')[0]}"
    except flags.UnrecognizedFlagError as error:
        message, misspelled = f"unknown flag --{error.flagname}", f"--{error.flagname}"
    except (flags.Error, ValueError) as error:  # ValueError: of a --noswitch=value
        message, misspelled = str(error), ""
        if found := re.fullmatch(r"flag --(\w+)=(.*?): (.*)", message, re.DOTALL):
            parser = FLAGS[found[1]].parser
            expected = found[3] if isinstance(parser, _Path) else f"expected {parser.syntactic_help or 'true or false'}"
            message = f"--{found[1]}={found[2]}: {expected}"
    parsing.refuse(message, misspelled, [f"--{name}" for name in FLAGS])


def screen(called):
    """Return the text of --help: the flags that most servers are started with."""
    lines = ["Serve exported models as TensorFlow Serving does.", f"  {called} {EXAMPLE}"]
    for title, names in COMMON.items():
        lines += ["", title]
        for name in names:
            shown = f" [{FLAGS[name].default}]" if FLAGS[name].default not in (None, "", False) else ""
            spelled = f"--{name}" if FLAGS[name].boolean else f"--{name}=..."
            lines.append(f"  {spelled:40}{FLAGS[name].help.partition(';')[0]}{shown}")
    return "\n".join([*lines, "", f"--helpfull has all {len(FLAGS)} flags: TensorFlow Serving's, and some of our own."])
