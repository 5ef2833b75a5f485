"""Flags of the embedded server, TensorFlow Serving's by name; a mistake in them does not wait for TensorFlow."""

import re
import sys

from absl import flags

from serving import (
    other_flags,  # noqa: F401  defines those that change nothing
    parsing,
)
from serving.server.limits import MAX_QUEUED, MAX_RECEIVE_BYTES, Limits

FLAGS = flags.FLAGS
HELP = ("--help", "-help", "-h", "--helpshort", "-?")
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


def DEFINE_path(name, help):
    """Define a flag that is a path, empty by default."""
    flags.DEFINE(_Path(), name, "", help, serializer=flags.ArgumentSerializer())


flags.DEFINE_string("host", "127.0.0.1", "address to listen on; 0.0.0.0 for all of them")
flags.DEFINE_integer("port", 8500, "port of the gRPC API; 0 takes any free one", lower_bound=0, upper_bound=65535)
flags.DEFINE_integer("rest_api_port", 0, "port of the REST API; 0 for none", lower_bound=0, upper_bound=65535)
DEFINE_path("grpc_socket_path", "a Unix socket for the gRPC API too")
flags.DEFINE_string("model_name", "default", "name of the model; ignored with --model_config_file")
DEFINE_path("model_base_path", "folder of numbered versions; ignored with --model_config_file")
DEFINE_path("model_config_file", "a ModelServerConfig in text format: several models, policies, labels")
flags.DEFINE_float(
    "model_config_file_poll_wait_seconds", 0, "seconds between looks at that file; 0 reads it once", lower_bound=0
)
flags.DEFINE_float(
    "file_system_poll_wait_seconds", 1, "seconds between looks for new versions; 0 looks once", lower_bound=0
)
flags.DEFINE_bool("allow_version_labels_for_unavailable_models", False, "unused labels may name unloaded versions")
flags.DEFINE_integer("max_num_load_retries", 5, "further tries after a load that failed", lower_bound=0)
flags.DEFINE_integer("load_retry_interval_micros", 60_000_000, "microseconds between them", lower_bound=0)
flags.DEFINE_integer("num_load_threads", 0, "versions that load at a time; 0 for as many as cores", lower_bound=0)
flags.DEFINE_bool("enable_model_warmup", True, "replay a version's recorded requests before it serves")
flags.DEFINE_integer("num_request_iterations_for_warmup", 0, "how often, where greater than 0", lower_bound=0)
flags.DEFINE_string("saved_model_tags", "serve", "tags of the meta graph to load, separated by commas")
flags.DEFINE_bool("enable_signature_method_name_check", False, "signatures answer only their method_name's method")
flags.DEFINE_bool("enable_serialization_as_tensor_content", False, "gRPC's Predict answers in tensor_content")
flags.DEFINE_integer(
    "max_rows_per_request", 256, "rows of a request's inputs; 0 for any number; not TF-Serving's", lower_bound=0
)
flags.DEFINE_bool("enable_batching", False, "run concurrent requests together")
DEFINE_path("batching_parameters_file", "BatchingParameters in text format")
flags.DEFINE_bool("enable_per_model_batching_parameters", False, "read batching_params.pbtxt in each version instead")
DEFINE_path("monitoring_config_file", "a MonitoringConfig in text format")
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "serve grpc.health.v1 too; it follows the models")
flags.DEFINE_bool("enable_grpc_reflection", False, "let gRPC clients ask for the services; not TF-Serving's")
flags.DEFINE_integer(
    "grpc_max_queued_requests", MAX_QUEUED, "requests that may wait for a thread; not TF-Serving's", lower_bound=0
)
flags.DEFINE_integer(
    "grpc_max_receive_bytes", MAX_RECEIVE_BYTES, "of a message, unzipped; not TF-Serving's", lower_bound=0
)
flags.DEFINE_string("grpc_channel_arguments", "", "for the gRPC server: name=value,name=value")
DEFINE_path("ssl_config_file", "an SSLConfig in text format: a secure gRPC port")
flags.DEFINE_integer(
    "grpc_max_threads", None, "gRPC requests at a time; 4 per core, or 64 with batching", lower_bound=1
)
flags.DEFINE_integer("rest_api_num_threads", None, "the same for REST", lower_bound=1)
flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30_000, "time that a REST request may take, from its arrival", lower_bound=0
)
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
    flags.DEFINE_integer(f"rest_api_{_limit}", Limits._field_defaults[_limit], _meaning, lower_bound=1)
flags.DEFINE_bool("access_log", False, "write a line of JSON to standard output for each request")
flags.DEFINE_bool("rest_api_enable_cors_support", False, "let web pages from elsewhere call the REST API")
DEFINE_path("tensorflow_session_config_file", "a ConfigProto in text format")
flags.DEFINE_float(
    "per_process_gpu_memory_fraction",
    0,
    "of a GPU's memory; 0 for what TensorFlow chooses",
    lower_bound=0,
    upper_bound=1,
)
flags.DEFINE_integer(
    "tensorflow_session_parallelism", 0, "threads for both of the following; 0 for as many as cores", lower_bound=0
)
flags.DEFINE_integer(
    "tensorflow_intra_op_parallelism", 0, "threads of one operation; 0 for as many as cores", lower_bound=0
)
flags.DEFINE_integer(
    "tensorflow_inter_op_parallelism", 0, "operations at a time; 0 for as many as cores", lower_bound=0
)
flags.DEFINE_bool("version", False, "say what this is, and leave")


def parse(argv):
    """Parse the flags; --help and mistakes end the process, the latter with 2."""
    if any(word in HELP for word in argv[1:]):
        print(screen(argv[0] if argv[0].startswith("keras-vae") else PROGRAM))
        sys.exit(0)
    if "--helpfull" in argv[1:]:
        print(f"{PROGRAM} {EXAMPLE}\n{FLAGS.get_help()}")
        sys.exit(0)
    try:
        words = FLAGS(argv)[1:]
    except flags.UnrecognizedFlagError as error:
        refuse(f"unknown flag --{error.flagname}", f"--{error.flagname}")
    except flags.Error as error:
        found = re.fullmatch(r"flag --(\w+)=(.*?): (.*)", str(error), re.DOTALL)
        refuse(f"--{found[1]}={found[2]}: {_expected(*found.group(1, 3))}" if found else str(error))
    except ValueError as error:  # of a --noswitch=value
        refuse(str(error))
    if words:
        refuse(f"left over on the command line: {' '.join(words)}", f"--{words[0].lstrip('-').partition('=')[0]}")


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


def refuse(message, word=""):
    """Tell a mistake, with the flag nearest to `word`, and exit."""
    parsing.refuse(message, word, [f"--{name}" for name in FLAGS])


def _expected(name, message):
    """Return what a flag expects, in words."""
    parser = FLAGS[name].parser
    return message if isinstance(parser, _Path) else f"expected {parser.syntactic_help or 'true or false'}"
