"""Wire format of a message: what it would take to parse, before it is parsed.

A submessage of two bytes takes a hundred in memory, and zipped they come by the million in a few kilobytes.
"""

import functools

from google.protobuf.descriptor import FieldDescriptor

FIELD_COST = 1024  # of a field, in bytes: the room of a submessage, and the time to count it
MOST_PER_BYTE = FIELD_COST // 2  # no field has fewer than two bytes
_WIDE = (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_SINT64)
_NARROW = (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_SINT32)
_PER_BYTE = {**dict.fromkeys(_WIDE, 8), **dict.fromkeys(_NARROW, 4), FieldDescriptor.TYPE_ENUM: 4}  # of packed numbers


def exceeds(descriptor, content, most):
    """Return True where parsing `content`, the bytes of a message of `descriptor`, would cost more than `most` bytes.

    Broken parts count as far as they can be read: the parser gets no further either.
    """
    if MOST_PER_BYTE * len(content) <= most:
        return False
    cost, ranges = 0, [(descriptor, 0, len(content))]
    while ranges and cost <= most:
        kind, at, end = ranges.pop()
        inside = _costly(kind)
        try:
            while at < end and cost <= most:
                tag, at = varint(content, at)
                cost += FIELD_COST
                if tag & 7 == 2:
                    size, at = varint(content, at)
                    costly = inside.get(tag >> 3, 1)
                    if isinstance(costly, int):
                        cost += costly * size
                    else:
                        ranges.append((costly, at, min(at + size, end)))
                    at += size
                elif tag & 7 == 0:
                    _, at = varint(content, at)
                else:
                    at += {1: 8, 5: 4}.get(tag & 7, 0)
        except IndexError:
            continue
    return cost > most


@functools.cache
def _costly(descriptor):
    """{number of a field: the descriptor of its messages, or what a byte of it takes in memory}."""
    return {field.number: field.message_type or _PER_BYTE.get(field.type, 1) for field in descriptor.fields}


def varint(content, at):
    """(number, place behind it); IndexError where there is none."""
    number = shift = 0
    while shift < 70:
        byte = content[at]
        number |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return number, at
    raise IndexError("a number without an end")


def to_varint(number):
    """The bytes of a number."""
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
