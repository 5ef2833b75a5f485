"""Descriptions of a model, the same over gRPC and REST: the states of its versions, and its signatures."""

import grpc
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2


def status(models, name, version):
    """The GetModelStatusResponse of all versions, or of one."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for each in models.status(name, version):
        row = response.model_version_status.add(version=each.version, state=each.state)
        row.status.error_code = grpc.StatusCode[each.code].value[0]
        row.status.error_message = each.message
    return response


def metadata(models, name, version, label, model_spec):
    """The SignatureDefMap of a version; `model_spec` is told which one."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with models.use(name, version, label) as servable:
        model_spec.name, model_spec.version.value = servable.name, servable.version
        for each, signature in servable.signatures.items():
            signatures.signature_def[each].CopyFrom(signature)
    return signatures
