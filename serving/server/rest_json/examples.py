"""The body of a classify or regress request, {"examples": [...]}, to tf.Examples."""

from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow_serving.apis import input_pb2

from serving.server.errors import invalid_argument
from serving.server.rest_json.reading import is_base64, shown, string_bytes, type_name

_KINDS = {bool: "int64_list", int: "int64_list", float: "float_list", str: "bytes_list", dict: "bytes_list"}
_CONVERSIONS = {"int64_list": int, "float_list": float, "bytes_list": string_bytes}


def input_of(document):
    """The tensorflow.serving.Input of a request."""
    result = input_pb2.Input()
    listed = result.example_list
    if "context" in document:
        listed = result.example_list_with_context
        listed.context.CopyFrom(_example(document["context"]))
    examples = document.get("examples")
    if type(examples) is not list or not examples:
        text = "Expecting 'examples' value to be an list/array"
        if "examples" not in document:
            text = "When method is classify, key 'examples' is expected and was not found"
        elif examples == []:
            text = "'examples' value is an empty array"
        raise invalid_argument(f"JSON Value: {shown(document)} {text}")
    listed.examples.extend(map(_example, examples))
    return result


def _example(value):
    if type(value) is not dict:
        raise invalid_argument(f"Example must be JSON object but got JSON {type_name(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        feature = _feature(name, content if type(content) is list else [content])
        example.features.feature[name].CopyFrom(feature)
    return example


def _feature(name, values):
    """int64s (of booleans too), floats or bytes: all must be what the first one is."""
    feature = feature_pb2.Feature()
    for value in values:
        kind = _KINDS.get(type(value))
        if kind is None or (type(value) is dict and not is_base64(value)):
            raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")
        own = feature.WhichOneof("kind") or kind
        if kind != own:
            expected = own.removesuffix("_list")
            raise invalid_argument(f"Unexpected element type in feature: {name} expecting type: {expected}")
        if kind == "int64_list" and value >= 2**63:
            raise invalid_argument(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
        getattr(feature, kind).value.append(_CONVERSIONS[kind](value))
    return feature
