"""What an object was just before: `previous_attributes` laid over it."""

import msgspec

from libs.wire.stripe_event.narrowing import shaped

_fields: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


def before(after: msgspec.Raw, previous: msgspec.Raw, relevant: frozenset[str]) -> bytes | None:
    """The object before its update; None when the update touched none of the `relevant` fields.

    Hashes are merged deeply (Stripe lists only their changed keys), arrays and scalars are replaced whole.
    Raises MalformedRecord.
    """
    changes = shaped(_fields, previous)
    touched = changes.keys() & relevant
    if not touched:
        return None
    return _merged(shaped(_fields, after), {name: changes[name] for name in touched})


def _merged(current: dict[str, msgspec.Raw], old: dict[str, msgspec.Raw]) -> bytes:
    for name, value in old.items():
        now = current.get(name)
        if now is None or not _is_hash(now) or not _is_hash(value):
            current[name] = value
        else:
            current[name] = msgspec.Raw(_merged(shaped(_fields, now), shaped(_fields, value)))
    return _encoder.encode(current)


def _is_hash(value: msgspec.Raw) -> bool:
    return bytes(memoryview(value)[:1]) == b"{"
