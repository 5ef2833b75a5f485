"""JSON text to Python values within limits, and the errors of text that is none."""

import binascii
import json
import re

import rapidjson

from serving.server.errors import invalid_argument

MAX_VALUES = 6_000_000  # 64 pictures of 128x128 in colours are 4.2 million; Python's lock is held some 0.3 µs for each
VALUES_OF_AN_OBJECT = 8  # what an object takes, of time and memory
_FOLLOWED = re.compile(r"Parse error at offset (\d+): The document root must not be followed by other values\.?")
_BASE64 = re.compile(rb"([A-Za-z0-9+/]*)([=.]*)")
_BLANKS = b" \t\n\v\f\r"
_SHOWN = 256  # characters of a value that an error shows

# The parser of TensorFlow Serving: NaN and Infinity are numbers, integers beyond 64 bits doubles. It crashes where a
# mapping of ours does not keep what it is given, so objects are plain dicts: of two equal names the last one counts.
_decode = rapidjson.Decoder(number_mode=rapidjson.NM_NATIVE | rapidjson.NM_NAN)


def parse(body, max_values=MAX_VALUES):
    """The dict that the bytes `body` hold; ServingError for what is none, or would be too much work to read."""
    values = body.count(b",") + body.count(b"[") + body.count(b'"')  # a string or a name has two quotes
    if values + VALUES_OF_AN_OBJECT * body.count(b"{") > max_values:
        text = "send fewer rows at a time, or picture files as base64"
        raise invalid_argument(f"JSON Parse error: more than {max_values} values; {text}")
    try:
        document = _read(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:  # of rapidjson, or UnicodeDecodeError
        raise invalid_argument(f"JSON Parse error: {str(error).removeprefix('Parse error ')}") from None
    if type(document) is not dict:
        raise invalid_argument(f"The body must be a JSON object, got {shown(document)}")
    return document


def _read(body):
    """The first document of the body; like TensorFlow Serving, whatever follows it is ignored."""
    try:
        return _decode(body)
    except rapidjson.JSONDecodeError as error:
        end = _FOLLOWED.fullmatch(str(error))
        if not end:
            raise
        return _decode(body[: int(end[1])])


def signature_name(document):
    """The name asked for, "" where there is none."""
    name = document.get("signature_name", "")
    if type(name) is not str:
        raise invalid_argument(f"'signature_name' key must be a string value, got {shown(name)}")
    return name


def is_base64(value):
    """Return True where `value` is {"b64": "..."} and nothing else."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def string_bytes(value):
    """The bytes of a JSON string, or of {"b64": "..."}; ValueError where they are none."""
    if type(value) is str:
        return value.encode()
    if not is_base64(value):
        raise ValueError(f'expected a string or {{"b64": "..."}}, got {shown(value)}')
    match = _BASE64.fullmatch(value["b64"].encode(errors="replace").translate(None, _BLANKS))
    digits, padding = match.groups() if match else (b"A", b"")
    missing = -len(digits) % 4
    if missing == 3 or len(padding) not in (0, missing):
        raise ValueError("Unable to base64 decode")
    return binascii.a2b_base64(digits + b"=" * missing)


def shown(value):
    """A value as an error quotes it: a long text is cut, a list or an object only hinted at."""
    if isinstance(value, list | dict):
        return ("[...]" if isinstance(value, list) else "{...}") if value else str(value)
    return json.dumps(value[:_SHOWN] if isinstance(value, str) else value, ensure_ascii=False)
