"""Python values to JSON text as RapidJSON's PrettyWriter lays it out."""

import decimal
import math
import re

_ESCAPES = {code: f"\\u{code:04X}" for code in range(32)}
_ESCAPES |= {ord(char): "\\" + letter for char, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt')}
_SPECIAL = re.compile(r'[\x00-\x1f"\\]')
_SHOWN = 256  # bytes of a value that an error shows


def quote(text):
    """A JSON string. Bytes that are not UTF-8 stay what surrogateescape made of them."""
    return f'"{text.translate(_ESCAPES) if _SPECIAL.search(text) else text}"'


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def as_utf8(text):
    """What a proto's string or a label can hold: bytes that are not UTF-8 are replaced."""
    return encode(text).decode("utf-8", "replace")


def error_body(message):
    return encode('{\n    "error": ' + quote(message) + "\n}")


def debug_text(value):
    """`value` as errors show it: objects spread out, arrays on one line, and nothing begun after 256 bytes."""
    parts = _Parts()
    parts.value(value, "", 0)
    return "".join(parts.texts)


class _Parts:
    """The pieces of a debug text. Methods answer whether to go on; each piece may begin while there is room."""

    def __init__(self):
        self.texts = []
        self.bytes = 0

    def put(self, text):
        if self.bytes >= _SHOWN:
            return False
        self.texts.append(text)
        self.bytes += len(encode(text))
        return True

    def value(self, value, before, indent):
        if type(value) is list:
            if not self.put(before + "["):
                return False
            for index, element in enumerate(value):
                if not self.value(element, ", " if index else "", indent + 4):
                    return False
            return self.put("]")
        if isinstance(value, list):
            if not self.put(before + "{"):
                return False
            for index, (name, member) in enumerate(value):
                key = ("," if index else "") + "\n" + " " * (indent + 4) + quote(name)
                if not self.put(key) or not self.value(member, ": ", indent + 4):
                    return False
            return self.put(f"\n{' ' * indent}}}" if value else "}")
        if type(value) is float and not math.isfinite(value):
            self.put(before)  # the writer knows no word for it, and stops
            return False
        return self.put(before + scalar_text(value))


def scalar_text(value):
    """null, true, false, a number or a string."""
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is str:
        return quote(value)
    return double_text(value) if type(value) is float else str(value)


def double_text(value):
    """The shortest digits that read back, laid out as RapidJSON does: 100.0, 1e-7, 1.5e22."""
    sign, digits, exponent = decimal.Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    if not text:
        return "-0.0" if sign else "0.0"
    point = len(digits) + exponent  # digits before the decimal point
    if len(text) <= point <= 21:
        shown = text.ljust(point, "0") + ".0"
    elif 0 < point <= 21:
        shown = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        shown = "0." + "0" * -point + text
    else:
        shown = (text if len(text) == 1 else f"{text[0]}.{text[1:]}") + f"e{point - 1}"
    return "-" + shown if sign else shown
