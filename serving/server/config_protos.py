"""Text protos of configuration files, also of messages that the tensorflow-serving-api package leaves out."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from serving.server.errors import ServingError

_INT64, _STRING, _BOOL = ({"type_name": f".google.protobuf.{kind}Value"} for kind in ("Int64", "String", "Bool"))
_TEXT, _FLAG = {"type": "TYPE_STRING"}, {"type": "TYPE_BOOL"}
_MESSAGES = {  # name of the message: {name of the field: how it is declared}; no text speaks of the fields' numbers
    "BatchingParameters": {
        "max_batch_size": _INT64,
        "batch_timeout_micros": _INT64,
        "max_enqueued_batches": _INT64,
        "num_batch_threads": _INT64,
        "thread_pool_name": _STRING,
        "allowed_batch_sizes": {"type": "TYPE_INT64", "label": "LABEL_REPEATED"},
        "pad_variable_length_inputs": _FLAG,
        "enable_large_batch_splitting": _BOOL,
        "max_execution_batch_size": _INT64,
    },
    "PrometheusConfig": {"enable": _FLAG, "path": _TEXT},
    "MonitoringConfig": {"prometheus_config": {"type_name": ".tensorflow.serving.PrometheusConfig"}},
    "SSLConfig": {"server_key": _TEXT, "server_cert": _TEXT, "custom_ca": _TEXT, "client_verify": _FLAG},
}
_file = descriptor_pb2.FileDescriptorProto(
    name="serving/config.proto",
    package="tensorflow.serving",
    syntax="proto3",
    dependency=[wrappers_pb2.DESCRIPTOR.name],
)
for _message, _declarations in _MESSAGES.items():
    _declared = _file.message_type.add(name=_message)
    for _number, (_field, _declaration) in enumerate(_declarations.items(), 1):
        _declared.field.add(name=_field, number=_number, **_declaration)
_pool = descriptor_pool.DescriptorPool()
_pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
_pool.Add(_file)
_classes = message_factory.GetMessageClassesForFiles([_file.name], _pool)
BatchingParameters = _classes["tensorflow.serving.BatchingParameters"]
MonitoringConfig = _classes["tensorflow.serving.MonitoringConfig"]
SSLConfig = _classes["tensorflow.serving.SSLConfig"]


def read(path, message):
    """Fills `message` from a file in text format, and returns it."""
    try:
        with open(path, encoding="utf-8") as file:
            return text_format.Parse(file.read(), message)
    except OSError as error:
        raise ServingError(grpc.StatusCode.NOT_FOUND, f"{path}; {error.strerror}") from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        text = f"Invalid protobuf file: '{path}': Error parsing text-format {message.DESCRIPTOR.full_name}: {error}"
        raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, text) from None
