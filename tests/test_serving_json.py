"""JSON text as TensorFlow Serving takes it, within limits."""

import math

import pytest

from serving.server.errors import ServingError
from serving.server.rest_json.reading import MAX_VALUES, parse, shown

BROKEN = [  # text, words of the parser, offset
    (b"", "The document is empty", 0),
    (b"  ", "The document is empty", 2),
    (b"x", "Invalid value", 0),
    (b'{"a":[1,]}', "Invalid value", 8),
    (b'{"a":nul}', "Invalid value", 8),
    (b"{1:2}", "Missing a name for object member", 1),
    (b'{"a" 1}', "Missing a colon after a name of object member", 5),
    (b'{"a":1 "b"', "Missing a comma or '}' after an object member", 7),
    (b'{"a":[01]}', "Missing a comma or ']' after an array element", 7),
    (b'{"a":"b', "Missing a closing quotation mark in string", 7),
    (b'{"a":"\\ud800"}', "The surrogate pair in string is invalid", 6),
    (b'{"a":1.}', "Miss fraction part in number", 7),
    (b'{"a":1e309}', "Number too big to be stored in double", 5),
    (b"\0", "The document is empty", 0),
]


def error(body, **limits):
    with pytest.raises(ServingError) as raised:
        parse(body, **limits)
    assert raised.value.code.name == "INVALID_ARGUMENT"
    return raised.value.message


@pytest.mark.parametrize(("body", "text", "offset"), BROKEN)
def test_errors_say_what_and_where(body, text, offset):
    assert error(body) == f"JSON Parse error: at offset {offset}: {text}."


def test_text_must_be_utf8():
    for body, place in ((b'{"a": "\xff"}', 7), (b"\xff" * 99, 0)):
        text = f"'utf-8' codec can't decode byte 0xff in position {place}: invalid start byte"
        assert error(body) == f"JSON Parse error: {text}"


def test_a_body_must_be_an_object():
    for body, text in ((b"[1, 2.0, true]", "[...]"), (b'"x"', '"x"'), (b"null", "null"), (b"[]", "[]")):
        assert error(body) == f"The body must be a JSON object, got {text}"


def test_what_is_not_json_but_taken():
    values = parse(b'{"a": [NaN, Inf, -Infinity, -NaN, 18446744073709551616, 9223372036854775808, -0, 1.0]}')["a"]
    assert math.isnan(values[0]) and math.isnan(values[3])
    assert values[1:3] == [math.inf, -math.inf]
    assert [type(each) for each in values[4:]] == [float, int, int, float]
    assert values[4:6] == [2.0**64, 2**63]
    assert parse(b'{"a":1} and more') == {"a": 1}
    assert parse(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_names_that_come_twice_do_no_harm():
    for _ in range(1000):
        assert parse(b'{"a":[1,[2]],"b":{"c":3,"c":"d"},"a":{"e":1},"a":2}') == {"a": 2, "b": {"c": "d"}}


def test_depth_is_limited_by_the_first_brackets():
    """However long the rest is: 50 MB of brackets are not read."""
    for text in (b"[" * 5_000_000, b'{"a":' * 200_000, b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"):
        assert "recursion depth exceeded" in error(text, max_values=10**8)
    value = parse(b'{"a":' + b"[" * 254 + b"7" + b"]" * 254 + b"}")["a"]  # as deep as a tensor of TensorFlow
    for _ in range(254):
        (value,) = value
    assert value == 7


def test_strings_and_names_count_as_what_they_take():
    for element in (b'"",', b'"a":0,'):
        body = b'{"inputs": {' + element * 1000 + b'"z":0}}'
        assert error(body, max_values=2000).startswith("JSON Parse error: more than 2000 values")
    assert parse(b'{"inputs": ["' + b'", "'.join([b"abc"] * 600) + b'"]}', max_values=2000)


@pytest.mark.parametrize("element", [b"{},", b"[],", b"1,", b'"",'])
def test_more_values_than_the_limit_are_not_read(element, monkeypatch):
    monkeypatch.setattr("serving.server.rest_json.reading._decode", lambda body: pytest.fail("was read"))
    body = b'{"inputs": [' + element * MAX_VALUES + b"0]}"
    assert error(body).startswith(f"JSON Parse error: more than {MAX_VALUES} values")


def test_64_pictures_of_128_by_128_are_within_the_limit(monkeypatch):
    monkeypatch.setattr("serving.server.rest_json.reading._read", lambda body: pytest.fail("reached the reader"))
    row = b"[" + b",".join([b"[0,0,0]"] * 128) + b"]"
    picture = b"[" + b",".join([row] * 128) + b"]"
    with pytest.raises(pytest.fail.Exception, match="reached the reader"):
        parse(b'{"inputs": [' + b",".join([picture] * 64) + b"]}")


def test_values_in_errors_are_short():
    assert shown("é" * 1000) == '"' + "é" * 256 + '"'
    assert [shown(value) for value in ([1], {"a": 1}, {}, None, True, 2.5, 1)] == [
        *("[...]", "{...}", "{}", "null", "true", "2.5", "1")
    ]
