"""Which fields of each object are kept. What is not named here never reaches a topic, a table or a log.

Kept: ids, the customer's e-mail, amounts, statuses, times, terms of prices and coupons, why a subscription ends, why a
payment failed, and the metadata keys that can name a client. Never names, addresses, phones, card numbers, last4 or
descriptions.
"""

from dataclasses import dataclass

from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.kept_fields import EACH, KEPT, METADATA, PLAIN, Fields
from libs.wire.stripe_event.kinds import Kind
from libs.wire.stripe_event.narrowing import Json
from libs.wire.stripe_event.sanitising import is_beyond_64_bits

_SCALARS = frozenset({str, int, bool, type(None)})
_WITH_CARD_EXPIRY: Fields = {"card": {"exp_month": PLAIN, "exp_year": PLAIN}, "exp_month": PLAIN, "exp_year": PLAIN}
_HAS_CARD = frozenset({Kind.PAYMENT_METHOD, Kind.CARD})


@dataclass(frozen=True, slots=True)
class Kept:
    """What a project lets through beyond the fixed list."""

    metadata_keys: frozenset[str] = frozenset({"client_id"})
    card_expiry: bool = False


DEFAULT = Kept()


def allowed(kind: Kind | None, item: Json, kept: Kept = DEFAULT) -> dict[str, object]:
    """`item` (an object, or its `previous_attributes`) cut to the fields that are kept.

    An object of another kind keeps only its id. Raises MalformedRecord for a number beyond 64 bits.
    """
    if kind is None:
        return {name: item[name] for name in ("id", "object") if isinstance(item.get(name), str)}
    return _cut_hash(item, fields_of(kind, kept), kept)


def fields_of(kind: Kind, kept: Kept) -> Fields:
    """The fields of an object of this kind that are kept, nested as Stripe nests them."""
    fields = KEPT[kind]
    return {**fields, **_WITH_CARD_EXPIRY} if kept.card_expiry and kind in _HAS_CARD else fields


def _cut_hash(item: Json, fields: Fields, kept: Kept) -> dict[str, object]:
    each = fields.get(EACH)
    kept_fields: dict[str, object] = {}
    for name, value in item.items():
        inner = fields.get(name, each)
        if inner is not None:
            kept_fields[name] = value if type(value) in _SCALARS else _cut(value, inner, kept)
    return kept_fields


def _cut(value: object, fields: Fields, kept: Kept) -> object:
    """An id stays an id; what is expanded where only an id is wanted becomes one again."""
    if isinstance(value, dict):
        if fields is PLAIN:
            return value.get("id") if isinstance(value.get("id"), str) else None
        if fields is METADATA:
            return {name: _cut(text, PLAIN, kept) for name, text in value.items() if name in kept.metadata_keys}
        return _cut_hash(value, fields, kept)
    if isinstance(value, list):
        return [_cut(each, fields, kept) for each in value]
    if is_beyond_64_bits(value):
        raise MalformedRecord(f"the number {value} is beyond 64 bits")
    return value
