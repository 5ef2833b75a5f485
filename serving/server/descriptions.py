"""Descriptions of a model, the same over gRPC and REST."""

from tensorflow_serving.apis import get_model_metadata_pb2


def metadata(models, name, version, label, model_spec):
    """The SignatureDefMap of a version; `model_spec` is told which one."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    with models.use(name, version, label) as servable:
        model_spec.name, model_spec.version.value = servable.name, servable.version
        for each, signature in servable.signatures.items():
            signatures.signature_def[each].CopyFrom(signature)
    return signatures
