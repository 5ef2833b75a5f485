"""The body of a classify or regress request, {"examples": [...]}, to tf.Examples."""

from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import input_pb2

from serving.server.errors import invalid_argument
from serving.server.rest_json.reading import shown, string_bytes

_KINDS = {  # field of a Feature: (types of JSON values, what makes them the field's)
    "int64_list": ({int, bool}, int),
    "float_list": ({float}, float),
    "bytes_list": ({str, dict}, string_bytes),
}


def input_of(document):
    """The tensorflow.serving.Input of a request."""
    result = input_pb2.Input()
    listed = result.example_list
    if "context" in document:
        listed = result.example_list_with_context
        listed.context.CopyFrom(_example(document["context"]))
    examples = document.get("examples")
    if type(examples) is not list or not examples:
        raise invalid_argument(f"'examples' must be a list of objects, one or more, got {shown(examples)}")
    listed.examples.extend(map(_example, examples))
    return result


def _example(value):
    if type(value) is not dict:
        raise invalid_argument(f"An example must be an object, got {shown(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        try:
            _fill(example.features.feature[name], content if type(content) is list else [content])
        except ValueError as error:
            raise invalid_argument(f"Feature {name}: {error}") from None
    return example


def _fill(feature, values):
    """All values must be int64s (booleans too), or floats, or strings; none are no kind."""
    one_of_each = {type(value): value for value in values}
    for field, (taken, convert) in _KINDS.items():
        if values and one_of_each.keys() <= taken:
            getattr(feature, field).value.extend(map(convert, values))
            return
    if values:
        found = ", ".join(map(shown, one_of_each.values()))
        raise ValueError(f"expected only integers, only floats, or only strings, got {found}")
