"""Records to bytes and back. What cannot be read is one error type with the reason, for the dead letters."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import msgspec

from libs.wire.activity import Activity
from libs.wire.records import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)

_encoder = msgspec.json.Encoder()
_activity: msgspec.json.Decoder[Activity] = msgspec.json.Decoder(Activity)


class MalformedRecord(ValueError):
    """The bytes are no record of the expected kind: to the dead letters with the reason, and go on."""


def encode(record: Record) -> bytes:
    """The record as JSON bytes."""
    return _encoder.encode(record)


def decode(data: bytes, kind: type[AnyRecord]) -> AnyRecord:
    """The record in `data`. Raises MalformedRecord with the path of the first fault."""
    read: Callable[[bytes], AnyRecord] = _decoder(kind)
    try:
        return read(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(f"{kind.__name__}: {error}") from error


@lru_cache
def _decoder(kind: type[AnyRecord]) -> Callable[[bytes], AnyRecord]:
    return msgspec.json.Decoder(kind).decode


def decode_activity(data: bytes) -> Activity:
    """Either kind of `client.activity` record. Raises MalformedRecord."""
    try:
        return _activity.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(f"Activity: {error}") from error


def record_key(project: str, part: str) -> bytes:
    """The key `project/part` that keeps all records of one customer or client in one partition."""
    return f"{project}/{part}".encode()
