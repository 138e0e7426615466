"""What an object was just before: `previous_attributes` laid over it."""

import msgspec

from libs.wire.stripe_event.narrowing import Json, shaped

_fields: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_hash: msgspec.json.Decoder[dict[str, object]] = msgspec.json.Decoder(dict[str, object])
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
    whole = shaped(_fields, after)
    for name in touched:
        whole[name] = _laid_over(whole.get(name), changes[name])
    return _encoder.encode(whole)


def _laid_over(current: msgspec.Raw | None, old: msgspec.Raw) -> msgspec.Raw:
    if current is None or not _is_hash(current) or not _is_hash(old):
        return old
    return msgspec.Raw(_encoder.encode(merged(shaped(_hash, current), shaped(_hash, old))))


def _is_hash(value: msgspec.Raw) -> bool:
    return bytes(value).lstrip()[:1] == b"{"


def merged(current: Json, old: Json) -> dict[str, object]:
    """`current` with the values of `old` laid over it, hash by hash."""
    result = dict(current)
    for name, value in old.items():
        now = result.get(name)
        result[name] = merged(now, value) if isinstance(now, dict) and isinstance(value, dict) else value
    return result
