"""JSON text as RapidJSON 1.1.0 takes it; offsets and texts were compared with that library itself."""

import math

import pytest

from serving.server.errors import ServingError
from serving.server.json_reader import JsonError, Reader
from serving.server.json_text import parse
from serving.server.json_values import Object
from serving.server.json_writer import debug_text, encode

BROKEN = [  # text, RapidJSON's words, offset
    (b"  ", "The document is empty.", 2),
    (b"]", "The document is empty.", 0),
    (b",{}", "The document is empty.", 0),
    (b"x", "Invalid value.", 0),
    (b'{"a":[1,]}', "Invalid value.", 8),
    (b'{"a":nul}', "Invalid value.", 8),
    (b'{"a":-}', "Invalid value.", 6),
    (b'{"a":+1}', "Invalid value.", 5),
    (b'{"a":In}', "Invalid value.", 7),
    (b'{"a":Infinit}', "Invalid value.", 12),
    (b'{"a":}', "Invalid value.", 5),
    (b"{1:2}", "Missing a name for object member.", 1),
    (b'{"a":1,}', "Missing a name for object member.", 7),
    (b'{"a" 1}', "Missing a colon after a name of object member.", 5),
    (b'{"a":1 "b"', "Missing a comma or '}' after an object member.", 7),
    (b'{"a":[1 2]}', "Missing a comma or ']' after an array element.", 8),
    (b'{"a":[01]}', "Missing a comma or ']' after an array element.", 7),
    (b'{"a":"b', "Missing a closing quotation mark in string.", 7),
    (b'{"a":"\x00"}', "Missing a closing quotation mark in string.", 6),
    (b'{"a":"\n"}', "Invalid escape character in string.", 6),
    (b'{"a":"bc\\x"}', "Invalid escape character in string.", 8),
    (b'{"a":"\\u12g4"}', "Incorrect hex digit after \\u escape in string.", 6),
    (b'{"a":"\\ud800"}', "The surrogate pair in string is invalid.", 6),
    (b'{"a":1.}', "Miss fraction part in number.", 7),
    (b'{"a":1e+}', "Miss exponent in number.", 8),
    (b'{"a":1e309}', "Number too big to be stored in double.", 5),
    ('{"é": 1 2}'.encode(), "Missing a comma or '}' after an object member.", 9),
    (b'{"\xff": 1 2}', "Missing a comma or '}' after an object member.", 8),
    (b'\xef\xbb\xbf{"a" 1}', "Missing a colon after a name of object member.", 8),
    (b"[" * 100_000, "Invalid value.", 100_000),
    (b'{"a":' * 50_000, "Invalid value.", 250_000),
]


@pytest.mark.parametrize(("body", "text", "offset"), BROKEN)
def test_errors_have_rapidjsons_words_and_offsets(body, text, offset):
    with pytest.raises(ServingError) as error:
        parse(body)
    assert error.value.message == f"JSON Parse error: {text} at offset: {offset}"
    with pytest.raises(JsonError) as own:  # the two parsers agree
        Reader(body).document()
    assert (own.value.text, own.value.offset) == (text, offset)


def test_a_body_must_be_an_object():
    for body, shown in ((b"[1, 2.0, true]", "[1, 2.0, true]"), (b'"x"', '"x"'), (b"null", "null")):
        with pytest.raises(ServingError, match="Is not object") as error:
            parse(body)
        assert error.value.message == f"JSON Value: {shown} Is not object"
    with pytest.raises(ServingError) as error:
        parse(b"")
    assert error.value.message == "JSON Parse error: The document is empty"


@pytest.mark.parametrize("read", [parse, lambda body: Reader(body).document()])
def test_what_is_not_json_but_taken(read):
    values = read(b'{"a": [NaN, Inf, -Infinity, -NaN, 18446744073709551616, 1.7e309, 9223372036854775808, -0]}').find(
        "a"
    )
    assert math.isnan(values[0]) and math.isnan(values[3])
    assert values[1:3] == [math.inf, -math.inf] and values[5] == math.inf
    assert type(values[4]) is float and values[4] == 2.0**64
    assert type(values[6]) is int and type(values[7]) is int
    assert read(b'{"a":1} and more').find("a") == 1
    assert read(b'\xef\xbb\xbf{"a":1}').find("a") == 1
    twice = read(b'{"a":1,"b":3,"a":2}')
    assert twice.find("a") == 1 and [name for name, _ in twice] == ["a", "b", "a"]


def test_strings_keep_their_bytes():
    body = b'{"a": ["\xff\xfe", "\\ud83d\\ude00", "\\udc00", "\\/\\u0041\\n", "\xc3\xa9"]}'
    strings = [encode(text) for text in parse(body).find("a")]
    assert strings == [b"\xff\xfe", "\U0001f600".encode(), b"\xed\xb0\x80", b"/A\n", "é".encode()]


def test_deep_values_end_without_a_crash():
    parse(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    parse(b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    value = Reader(b"[" * 254 + b"7" + b"]" * 254).document()  # as deep as a tensor can be, all is there
    for _ in range(254):
        (value,) = value
    assert value == 7


def test_values_are_shown_as_rapidjson_writes_them():
    document = parse(
        b'{"a":[1,{"b":[],"c":{}},"\\u0001\\"/\xc3\xa9"],"d":[1e0,1e21,1e22,-0.0,0.000001,1e-7,123456.789,1.5e300]}'
    )
    assert debug_text(document) == (
        '{\n    "a": [1, {\n            "b": [],\n            "c": {}\n        }, "\\u0001\\"/é"],\n'
        '    "d": [1.0, 1e21, 1e22, -0.0, 0.000001, 1e-7, 123456.789, 1.5e300]\n}'
    )


def test_long_values_are_cut_where_they_pass_256_bytes():
    assert debug_text(list(range(1000))) == "[" + ", ".join(map(str, range(67)))
    assert debug_text("x" * 1000) == '"' + "x" * 1000 + '"'
    assert debug_text([1, math.nan, 2]) == "[1, "
    assert debug_text(Object([("a", math.inf)])) == '{\n    "a": '
    deep = []
    for _ in range(900):
        deep = [deep]
    assert debug_text(deep) == "[" * 256
