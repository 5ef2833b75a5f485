"""Classify and regress: {"examples": [...]} to tf.Example, and {"results": [...]} back."""

import numpy as np
from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow_serving.apis import input_pb2

from serving.server.json_arrays import string_bytes
from serving.server.json_floats import float_texts
from serving.server.json_text import invalid, wrong
from serving.server.json_values import Object, is_base64, type_name
from serving.server.json_writer import as_utf8, encode, quote

_KINDS = {bool: "int64_list", int: "int64_list", float: "float_list", str: "bytes_list", Object: "bytes_list"}
_CONVERSIONS = {"int64_list": int, "float_list": float, "bytes_list": string_bytes}


def input_of(document):
    """The tensorflow.serving.Input of a request."""
    result = input_pb2.Input()
    listed = result.example_list
    missing = object()
    context, examples = document.find("context", missing), document.find("examples", missing)
    if context is not missing:
        listed = result.example_list_with_context
        listed.context.CopyFrom(_example(context))
    if examples is missing:
        raise wrong(document, "When method is classify, key 'examples' is expected and was not found")
    if type(examples) is not list:
        raise wrong(document, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise wrong(document, "'examples' value is an empty array")
    listed.examples.extend(map(_example, examples))
    return result


def classifications_body(result):
    """ClassificationResult: [label, score] pairs, a line for each example."""
    if not result.classifications:
        raise invalid("Cannot convert empty ClassificationResults to JSON")
    rows = []
    for classifications in result.classifications:
        scores = float_texts(np.array([each.score for each in classifications.classes], np.float32))
        pairs = zip(classifications.classes, scores)
        rows.append("[" + ", ".join(f"[{quote(each.label)}, {score}]" for each, score in pairs) + "]")
    return _body(f"[{', '.join(rows)}\n    ]")


def regressions_body(result):
    """RegressionResult: a value for each example."""
    if not result.regressions:
        raise invalid("Cannot convert empty RegressionResults to JSON")
    values = float_texts(np.array([each.value for each in result.regressions], np.float32))
    return _body(f"[{', '.join(values)}]")


def _body(value):
    return encode(f'{{\n    "results": {value}\n}}')


def _example(value):
    if type(value) is not Object:
        raise invalid(f"Example must be JSON object but got JSON {type_name(value)}")
    example = example_pb2.Example()
    for name, content in value:
        feature = _feature(name, content if type(content) is list else [content])
        example.features.feature[as_utf8(name)].CopyFrom(feature)
    return example


def _feature(name, values):
    """int64s (of booleans too), floats or bytes: all must be what the first one is."""
    feature = feature_pb2.Feature()
    for value in values:
        kind = _KINDS.get(type(value))
        if kind is None or (type(value) is Object and not is_base64(value)):
            raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")
        own = feature.WhichOneof("kind") or kind
        if kind != own:
            expected = own.removesuffix("_list")
            raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
        if kind == "int64_list" and value >= 2**63:
            raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
        getattr(feature, kind).value.append(_CONVERSIONS[kind](value))
    return feature
