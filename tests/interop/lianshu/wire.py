"""The protobuf profile: exactly one encoding of each message (PROTOCOL 2)."""

import re

from .messages import CLASSES
from .protocol import ENUMS, FIELDS, Field, Refused

NOT_CANONICAL, OUT_OF_RANGE, UNKNOWN, TEXT, ENUM, TOO_MUCH = 210, 211, 212, 213, 215, 216
VARINT, LENGTH = 0, 2
FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069"
                       "\ufff9-\ufffb\ufdd0-\ufdef]")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise Refused(NOT_CANONICAL, "cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise Refused(OUT_OF_RANGE, "more than 64 bits")
    if value >= 1 << 64:
        raise Refused(OUT_OF_RANGE, "more than 64 bits")
    if byte == 0 and shift:
        raise Refused(NOT_CANONICAL, "integer is not of the shortest form")
    return value, at


def check_text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(TEXT, "not UTF-8") from None
    if "\0" in text:
        raise Refused(NOT_CANONICAL, "NUL in text")
    if FORBIDDEN.search(text) or any(ord(c) & 0xfffe == 0xfffe for c in text):
        raise Refused(TEXT, "character that is not allowed")
    return text


def _check_number(field: Field, value: int) -> None:
    if field.kind == "enum":
        if value not in ENUMS[field.of]:
            raise Refused(ENUM, field.name)
    elif field.kind == "bool" and value != 1:
        raise Refused(NOT_CANONICAL, f"{field.name} is not 1")
    elif field.kind == "uint32" and value >> 32:
        raise Refused(OUT_OF_RANGE, field.name)
    if value == 0 and not field.repeated:
        raise Refused(NOT_CANONICAL, f"{field.name} is written and has its default")


def _check_bytes(field: Field, value: bytes) -> None:
    if field.kind == "message":
        _check(field.of, value)
        return
    if len(value) > field.bound or (field.kind == "fixed" and len(value) != field.bound):
        raise Refused(TOO_MUCH, field.name)
    if field.kind == "text":
        check_text(value)
    if not value and not field.repeated:
        raise Refused(NOT_CANONICAL, f"{field.name} is written and has its default")


def _check(name: str, data: bytes) -> None:
    """Refuses what is no canonical encoding, and says why."""
    fields, at, last = FIELDS[name], 0, 0
    counts: dict[int, int] = {}
    while at < len(data):
        tag, at = _varint(data, at)
        field = fields.get(tag >> 3)
        if field is None:
            raise Refused(UNKNOWN, f"{name} has no field {tag >> 3}")
        number = field.kind in ("uint32", "uint64", "bool", "enum")
        if tag & 7 != (VARINT if number else LENGTH) or field.number < last:
            raise Refused(NOT_CANONICAL, f"{name}.{field.name}: order or form")
        counts[field.number] = counts.get(field.number, 0) + 1
        if counts[field.number] > max(field.repeated, 1):
            raise Refused(TOO_MUCH if field.repeated else NOT_CANONICAL, f"{name}.{field.name}: too many")
        last = field.number
        value, at = _varint(data, at)
        if number:
            _check_number(field, value)
            continue
        if value > len(data) - at:
            raise Refused(NOT_CANONICAL, "cut off")
        _check_bytes(field, data[at:at + value])
        at += value
    for field in fields.values():
        if field.kind == "fixed" and not field.repeated and field.number not in counts:
            raise Refused(NOT_CANONICAL, f"{name}.{field.name} is missing")
    if sum(counts.get(f.number, 0) for f in fields.values() if f.oneof) > 1:
        raise Refused(NOT_CANONICAL, f"{name}: more than one of a oneof")


def decode(name: str, data: bytes):
    _check(name, data)
    message = CLASSES[name].FromString(data)
    if message.SerializeToString(deterministic=True) != data:
        raise Refused(NOT_CANONICAL, "encodes otherwise")
    return message


def _complete(name: str, message) -> None:
    """Fixed-length bytes are always written, also when all zero."""
    for field in FIELDS[name].values():
        if field.kind == "fixed" and not field.repeated and not getattr(message, field.name):
            setattr(message, field.name, bytes(field.bound))
        elif field.kind == "message" and field.repeated:
            for one in getattr(message, field.name):
                _complete(field.of, one)
        elif field.kind == "message" and message.HasField(field.name):
            _complete(field.of, getattr(message, field.name))


def encode(message) -> bytes:
    """The one encoding of a message that holds nothing forbidden."""
    name = message.DESCRIPTOR.name
    _complete(name, message)
    data = message.SerializeToString(deterministic=True)
    _check(name, data)
    return data


def new(message: str, /, **fields):
    return CLASSES[message](**fields)
