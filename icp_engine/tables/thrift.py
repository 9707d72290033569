"""The compact protocol of Thrift, as far as Parquet footers need it: fields told apart, their values left as bytes.

What is not touched is written as it was read, so nothing here knows what the fields mean.
Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Sequence

Fields = dict[int, tuple[int, bytes]]
"""A struct: the type and the bytes of every field by its number, in ascending order."""

I64, BINARY, LIST, STRUCT = 6, 8, 9, 12
_TRUE, _FALSE, _BYTE, _DOUBLE, _SET, _MAP, _UUID = 1, 2, 3, 7, 10, 11, 13
_FIXED = {_TRUE: 1, _FALSE: 1, _BYTE: 1, _DOUBLE: 8, _UUID: 16}  # bytes; a boolean takes one only outside a struct
_SHORT = 15  # from here on a size, or the way from one field number to the next, does not fit into half a byte
_MORE = 0x80  # the bit of a byte of a number that says that another one follows


def fields(data: bytes) -> Fields:
    """Return the fields of a struct."""
    found: Fields = {}
    _walk(data, 0, found)
    return found


def items(data: bytes) -> list[bytes]:
    """Return the items of a list."""
    size, kind, at = _head(data, 0)
    found = []
    for _ in range(size):
        end = _end(data, at, kind)
        found.append(data[at:end])
        at = end
    return found


def number(data: bytes) -> int:
    """Return a whole number, which stands as 0, -1, 1, -2 and so on."""
    value, _ = _varint(data, 0)
    return value >> 1 ^ -(value & 1)


def text(data: bytes) -> bytes:
    """Return a text or other bytes without the length before them."""
    return data[_varint(data, 0)[1] :]


def as_struct(values: Fields) -> bytes:
    """Return fields as a struct."""
    parts, last = [], 0
    for place, (kind, value) in values.items():
        step = place - last
        parts.append(bytes([step << 4 | kind]) if 0 < step <= _SHORT else bytes([kind]) + as_number(place))
        parts.append(value)
        last = place
    return b"".join(parts) + b"\0"


def as_list(kind: int, values: Sequence[bytes]) -> bytes:
    """Return values of one type as a list."""
    size = len(values)
    head = bytes([size << 4 | kind]) if size < _SHORT else bytes([_SHORT << 4 | kind]) + _as_varint(size)
    return head + b"".join(values)


def as_number(value: int) -> bytes:
    """Return a whole number of up to 64 bits."""
    return _as_varint(value << 1 ^ value >> 63)


def as_text(value: bytes) -> bytes:
    """Return a text or other bytes with their length before them."""
    return _as_varint(len(value)) + value


def _walk(data: bytes, at: int, found: Fields | None = None) -> int:
    """Return where the struct that begins at a place ends, and put down its fields where that is asked for."""
    place = 0
    while head := data[at]:
        kind, step, start = head & 15, head >> 4, at + 1
        if not step:
            far, start = _varint(data, start)
            place, step = 0, far >> 1 ^ -(far & 1)
        place += step
        at = start if kind <= _FALSE else _end(data, start, kind)
        if found is not None:
            found[place] = kind, data[start:at]
    return at + 1


def _end(data: bytes, at: int, kind: int) -> int:
    """Return where the value of some type that begins at a place ends."""
    if kind == STRUCT:
        return _walk(data, at)
    if kind in (LIST, _SET):
        size, kind, at = _head(data, at)
        for _ in range(size):
            at = _end(data, at, kind)
        return at
    if kind in _FIXED:
        return at + _FIXED[kind]
    if kind == _MAP:
        raise ValueError("Parquet footers hold no maps")
    value, at = _varint(data, at)
    return at + value if kind == BINARY else at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return size and type of the list that begins at a place, and where its first item begins."""
    size, kind = data[at] >> 4, data[at] & 15
    size, first = (size, at + 1) if size < _SHORT else _varint(data, at + 1)
    return size, kind, first


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number that begins at a place, and where it ends."""
    value = shift = 0
    while (byte := data[at]) & _MORE:
        value |= (byte ^ _MORE) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1


def _as_varint(value: int) -> bytes:
    found = bytearray()
    while value >= _MORE:
        found.append(value & (_MORE - 1) | _MORE)
        value >>= 7
    found.append(value)
    return bytes(found)
