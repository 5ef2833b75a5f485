"""JSON text to Python values within limits, and the errors of text that is none."""

import binascii
import json
import re

import rapidjson

from serving.server.errors import invalid_argument

MAX_VALUES = 6_000_000  # 64 pictures of 128x128 in colours are 4.2 million; Python's lock is held some 0.3 µs for each
VALUES_OF_AN_OBJECT = 8  # what an object takes, of time and memory
VALUES_OF_A_QUOTE = 1  # a string or a name has two
_ERROR = re.compile(r"Parse error at offset (?P<offset>\d+): (?P<text>.*?)[.!]?")
_AFTER_THE_END = "The document root must not be followed by other values"
_BASE64 = re.compile(rb"([A-Za-z0-9+/]*)([=.]*)")
_BLANKS = b" \t\n\v\f\r"
_SHOWN = 256  # characters of a value that an error shows


# The parser of TensorFlow Serving: NaN and Infinity are numbers, integers beyond 64 bits doubles. It crashes where a
# mapping of ours does not keep what it is given, so objects are plain dicts: of two equal names the last one counts.
_decode = rapidjson.Decoder(number_mode=rapidjson.NM_NATIVE | rapidjson.NM_NAN)


def parse(body, max_values=MAX_VALUES):
    """The dict that the bytes `body` hold; ServingError for what is none, or would be too much work to read."""
    values = body.count(b",") + body.count(b"[")
    if values + VALUES_OF_A_QUOTE * body.count(b'"') + VALUES_OF_AN_OBJECT * body.count(b"{") > max_values:
        raise invalid_argument(
            f"JSON Parse error: more than {max_values} values; send fewer rows at a time, or picture files as base64"
        )
    try:
        document = _read(body[3:] if body.startswith(b"\xef\xbb\xbf") else body)
    except UnicodeDecodeError as error:
        raise invalid_argument(f"JSON Parse error: expected UTF-8, got {error.object[error.start]:#x}") from None
    except (rapidjson.JSONDecodeError, RecursionError) as error:
        found = _ERROR.fullmatch(str(error))
        raise invalid_argument(f"JSON Parse error: {found['text']} at offset: {found['offset']}") from None
    if type(document) is not dict:
        raise invalid_argument(f"JSON Value: {shown(document)} Is not object")
    return document


def _read(body):
    """The first document of the body; like TensorFlow Serving, whatever follows it is ignored."""
    try:
        return _decode(body)
    except rapidjson.JSONDecodeError as error:
        found = _ERROR.fullmatch(str(error))
        if not found or found["text"] != _AFTER_THE_END:
            raise
        return _decode(body[: int(found["offset"])])


def signature_name(document):
    """The name asked for, "" where there is none."""
    name = document.get("signature_name", "")
    if type(name) is not str:
        raise invalid_argument(
            f"JSON Value: {shown(name)} not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def is_base64(value):
    """Return True where `value` is {"b64": "..."} and nothing else."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def string_bytes(value):
    """The bytes of a JSON string, or of {"b64": "..."}."""
    if type(value) is str:
        return value.encode()
    if not is_base64(value):
        raise invalid_argument(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    match = _BASE64.fullmatch(value["b64"].encode(errors="replace").translate(None, _BLANKS))
    digits, padding = match.groups() if match else (b"A", b"")
    missing = -len(digits) % 4
    if missing == 3 or len(padding) not in (0, missing):
        raise invalid_argument("Unable to base64 decode")
    return binascii.a2b_base64(digits + b"=" * missing)


def type_name(value):
    """As TensorFlow Serving calls the type of a JSON value."""
    return str(value) if type(value) is bool else _TYPE_NAMES[type(value)]


_TYPE_NAMES = {type(None): "Null", dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}


def shown(value):
    """A value as an error quotes it: a long text is cut, a list or an object only hinted at."""
    if isinstance(value, list | dict):
        return ("[...]" if isinstance(value, list) else "{...}") if value else str(value)
    return json.dumps(value[:_SHOWN] if isinstance(value, str) else value, ensure_ascii=False)
