"""JSON text to Python values, and the errors of text that is none, as RapidJSON gives them."""

import re

import grpc
import rapidjson

from serving.server.errors import ServingError
from serving.server.json_reader import SYNTAX_ERRORS, JsonError, Reader
from serving.server.json_values import Object
from serving.server.json_writer import debug_text


class _Decoder(rapidjson.Decoder):
    """RapidJSON itself, integers beyond 64 bits as doubles; it turns to Python no deeper than Python's own limit."""

    start_object = Object


_ERROR = re.compile(r"Parse error at offset (?P<offset>\d+): (?P<text>.*)")
_decode = _Decoder(number_mode=rapidjson.NM_NATIVE | rapidjson.NM_NAN)


def parse(body):
    """The Object that the bytes `body` hold. Raises ServingError."""
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = _read(body)
    except JsonError as error:
        raise invalid(f"JSON Parse error: {error.text} at offset: {error.offset}") from None
    if type(document) is not Object:
        raise wrong(document, "Is not object")
    return document


def signature_name(document):
    """The name asked for, "" where there is none."""
    name = document.find("signature_name", "")
    if type(name) is not str:
        raise wrong(document, "not formatted correctly. 'signature_name' key must be a string value.")
    return name


def invalid(message):
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def wrong(value, text):
    """The error that shows the value in question."""
    return invalid(f"JSON Value: {debug_text(value)} {text}")


def _read(body):
    """By the fast parser, or by our own where the two versions of RapidJSON may differ."""
    try:
        return _decode(body)
    except rapidjson.JSONDecodeError as error:
        found = _ERROR.fullmatch(str(error))
        offset = int(found["offset"])
        if found["text"] in SYNTAX_ERRORS and body[:offset].strip():  # not at the start, where they do differ
            raise JsonError(found["text"], offset) from None
    except (UnicodeDecodeError, RecursionError):
        pass
    return Reader(body).document()
