"""What an object was just before: `previous_attributes` laid over its shape, without reading the object once more."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from libs.wire.stripe_event.narrowing import shaped

Shape = TypeVar("Shape", bound=Struct)

_fields: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
_encoder = msgspec.json.Encoder()


def before(after: Shape, previous: Raw, relevant: frozenset[str]) -> Shape:
    """The object before its update; `after` itself when the update touched none of the `relevant` fields.

    Hashes are merged deeply (Stripe lists only their changed keys), arrays and scalars are replaced whole.
    Raises MalformedRecord.
    """
    changes = shaped(_fields, previous)
    touched = changes.keys() & relevant
    return _laid_over(after, {name: changes[name] for name in touched}) if touched else after


def _laid_over(current: Shape, old: Mapping[str, Raw]) -> Shape:
    readers = _readers(type(current))
    values = {name: _value(getattr(current, name), raw, readers[name]) for name, raw in old.items() if name in readers}
    return msgspec.structs.replace(current, **values)


def _value(now: object, old: Raw, reader: msgspec.json.Decoder[object]) -> object:
    if not _is_hash(old):
        return shaped(reader, old)
    match now:
        case Struct():
            return _laid_over(now, shaped(_fields, old))
        case Raw() if _is_hash(now):
            return Raw(_merged(shaped(_fields, now), shaped(_fields, old)))
        case dict():
            earlier = shaped(reader, old)
            return {**now, **earlier} if isinstance(earlier, dict) else earlier
        case _:
            return shaped(reader, old)


def _merged(current: dict[str, Raw], old: Mapping[str, Raw]) -> bytes:
    for name, value in old.items():
        now = current.get(name)
        if now is None or not _is_hash(now) or not _is_hash(value):
            current[name] = value
        else:
            current[name] = Raw(_merged(shaped(_fields, now), shaped(_fields, value)))
    return _encoder.encode(current)


@lru_cache
def _readers(kind: type[Struct]) -> Mapping[str, msgspec.json.Decoder[object]]:
    """A compiled reader for each field of a shape."""
    return {field.name: msgspec.json.Decoder(field.type) for field in msgspec.structs.fields(kind)}


def _is_hash(value: Raw) -> bool:
    return bytes(memoryview(value)[:1]) == b"{"
