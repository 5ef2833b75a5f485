"""A JSON reader that takes, refuses and words everything as RapidJSON 1.1.0 does, at the speed of Python.

It reads what the fast parser of json_text, which wraps a later RapidJSON and knows only UTF-8, refuses for a reason of
its own: bytes that are not UTF-8, a byte order mark, 1.7e309, bytes after the document, lists a thousand levels deep.
It keeps its own stack, so no depth can exhaust another one.
"""

import os.path
import re

from serving.server.json_values import Object

EMPTY = "The document is empty."
INVALID = "Invalid value."
MISS_NAME = "Missing a name for object member."
MISS_COLON = "Missing a colon after a name of object member."
MISS_CURLY = "Missing a comma or '}' after an object member."
MISS_SQUARE = "Missing a comma or ']' after an array element."
MISS_QUOTE = "Missing a closing quotation mark in string."
BAD_ESCAPE = "Invalid escape character in string."
BAD_HEX = "Incorrect hex digit after \\u escape in string."
BAD_SURROGATE = "The surrogate pair in string is invalid."
MISS_FRACTION = "Miss fraction part in number."
MISS_EXPONENT = "Miss exponent in number."
TOO_BIG = "Number too big to be stored in double."
SYNTAX_ERRORS = {  # that every version of RapidJSON finds in the same place
    *(EMPTY, INVALID, MISS_NAME, MISS_COLON, MISS_CURLY, MISS_SQUARE),
    *(MISS_QUOTE, BAD_ESCAPE, BAD_HEX, MISS_FRACTION, MISS_EXPONENT),
}

# After what was read: whether a value may come, what other bytes lead where, and the error if neither comes.
_STATES = {
    "start": (True, {}, EMPTY),
    "array": (True, {b"]": "close"}, INVALID),
    "element": (False, {b",": "next element", b"]": "close"}, MISS_SQUARE),
    "next element": (True, {}, INVALID),
    "object": (False, {b'"': "key", b"}": "close"}, MISS_NAME),
    "key": (False, {b":": "colon"}, MISS_COLON),
    "colon": (True, {}, INVALID),
    "member": (False, {b",": "next member", b"}": "close"}, MISS_CURLY),
    "next member": (False, {b'"': "key"}, MISS_NAME),
}
_NO_VALUE = (b"", b"\0", b"]", b"}", b",", b":")  # every other byte starts a value, if only a wrong number
_WORDS = {b"t": (b"true", True), b"f": (b"false", False), b"n": (b"null", None)}
_ESCAPES = dict(zip(b'"\\/bfnrt', (b'"', b"\\", b"/", b"\b", b"\f", b"\n", b"\r", b"\t")))
_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_LEVELS = 300  # a tensor has at most 254 dimensions; what lies deeper is checked and not kept


class JsonError(Exception):
    """Text that is not JSON: RapidJSON's words, and the offset in bytes."""

    def __init__(self, text, offset):
        super().__init__(text)
        self.text = text
        self.offset = offset


class Reader:
    """Reads one document from bytes."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        for byte in b"\xef\xbb\xbf":  # each byte of the mark is skipped where it stands, alone too
            self.at += text[self.at : self.at + 1] == bytes([byte])

    def document(self):
        """The first value of the text. Strings come as str, bytes that are not UTF-8 as surrogateescape's."""
        root = []
        kinds = bytearray()  # of every open array and object
        kept = [root]  # the open values themselves, as deep as they are kept
        name = None
        state = "start"
        while state != "end":
            self.at = _SPACE.match(self.text, self.at).end()
            byte = self._peek()
            takes_value, moves, error = _STATES[state]
            move = moves.get(byte)
            if move == "key":
                name, state = self._string(), "key"
            elif move == "close":
                self.at += 1
                kinds.pop()
                del kept[len(kinds) + 1 :]
                state = _after(kinds)
            elif move:
                self.at += 1
                state = move
            elif not takes_value or byte in _NO_VALUE:
                raise JsonError(error, self.at)
            else:
                opens = byte in (b"[", b"{")
                value = (Object() if byte == b"{" else []) if opens else self._scalar(byte)
                if len(kept) == len(kinds) + 1:
                    kept[-1].append((name, value) if type(kept[-1]) is Object else value)
                    if opens and len(kinds) < _LEVELS:
                        kept.append(value)
                if opens:
                    self.at += 1
                    kinds += byte
                    state = "object" if byte == b"{" else "array"
                else:
                    state = _after(kinds)
        return root[0]

    def _peek(self):
        return self.text[self.at : self.at + 1]

    def _scalar(self, byte):
        if byte == b'"':
            return self._string()
        if byte in _WORDS:
            word, value = _WORDS[byte]
            self._word(word, len(word))
            return value
        return self._number()

    def _word(self, word, shortest):
        """Steps over as much of `word` as is there; fewer than all of its letters, or than `shortest`, are an error."""
        length = len(os.path.commonprefix([word, self.text[self.at : self.at + len(word)]]))
        self.at += length
        if length not in (shortest, len(word)):
            raise JsonError(INVALID, self.at)

    def _number(self):
        start = self.at
        match = _NUMBER.match(self.text, start)
        if not match:
            return self._not_finite()
        self.at = match.end()
        whole, fraction, exponent = match.groups()
        following = self._peek()
        if len(whole) > 308 and float(whole[:-1]) >= 1.7976931348623157e307:
            raise JsonError(TOO_BIG, start)
        if following == b"." and not fraction and not exponent:
            raise JsonError(MISS_FRACTION, self.at + 1)
        if following in (b"e", b"E") and not exponent:
            raise JsonError(MISS_EXPONENT, self.at + 1 + (self.text[self.at + 1 : self.at + 2] in (b"+", b"-")))
        if exponent and float(exponent[1:]) > 308 + _digits_read(whole, fraction):
            raise JsonError(TOO_BIG, start)
        if fraction or exponent or len(whole) > 20 or not -(2**63) <= int(match.group()) < 2**64:
            return float(match.group())
        return int(match.group())

    def _not_finite(self):
        negative = self._peek() == b"-"
        self.at += negative
        if self._peek() == b"N":
            self._word(b"NaN", 3)
            return float("nan")
        if self._peek() == b"I":
            self._word(b"Infinity", 3)
            return float("-inf") if negative else float("inf")
        raise JsonError(INVALID, self.at)

    def _string(self):
        self.at += 1
        parts = []
        while True:
            plain = _PLAIN.match(self.text, self.at)
            parts.append(plain.group())
            self.at = plain.end()
            byte = self._peek()
            if byte == b"\\":
                parts.append(self._escape())
            elif byte == b'"':
                self.at += 1
                return b"".join(parts).decode("utf-8", "surrogateescape")
            else:
                raise JsonError(MISS_QUOTE if byte in (b"", b"\0") else BAD_ESCAPE, self.at)

    def _escape(self):
        start = self.at
        letter = self.text[start + 1 : start + 2]
        self.at += 2
        if letter and letter[0] in _ESCAPES:
            return _ESCAPES[letter[0]]
        if letter != b"u":
            raise JsonError(BAD_ESCAPE, start)
        code = self._hex(start)
        if 0xD800 <= code <= 0xDBFF:
            if self.text[self.at : self.at + 2] != b"\\u":
                raise JsonError(BAD_SURROGATE, start)
            self.at += 2
            low = self._hex(start)
            if not 0xDC00 <= low <= 0xDFFF:
                raise JsonError(BAD_SURROGATE, start)
            code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
        return chr(code).encode("utf-8", "surrogatepass")

    def _hex(self, escape):
        digits = _HEX.match(self.text, self.at)
        if not digits:
            raise JsonError(BAD_HEX, escape)
        self.at += 4
        return int(digits.group(), 16)


def _after(kinds):
    """The state after a value: what its container, the last of `kinds`, expects."""
    if not kinds:
        return "end"
    return "member" if kinds[-1:] == b"{" else "element"


def _digits_read(whole, fraction):
    """How many digits of the fraction RapidJSON reads. Each lets the exponent be one more, so 1.7e309 is infinite."""
    return max(0, min(len(fraction or b".") - 1, 18 - len(whole)))
