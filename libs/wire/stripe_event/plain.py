"""The short way for webhooks: a body to a record in two passes of a compiled reader.

What a record holds is said by `to_record(envelope(body), …)`. This gives the same, and None for everything odd. A
property test holds both together.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct

from libs.wire.records import NULL, StripeRecord, VersionMark
from libs.wire.stripe_event.allow_list import DEFAULT, Kept
from libs.wire.stripe_event.catalogue import Catalogue
from libs.wire.stripe_event.completion import complete
from libs.wire.stripe_event.envelope import LAST_SECOND, MAX_ID
from libs.wire.stripe_event.kept_types import reader_of
from libs.wire.stripe_event.kinds import Kind, action_of, is_terminal, kind_of, rank_of
from libs.wire.stripe_event.narrowing import Json
from libs.wire.stripe_event.publishing import Origin, raw_json
from libs.wire.stripe_event.sanitising import MAX_DEPTH, is_shallow

_Text = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
# These hold terms that others are completed from; the first three belong to no customer.
_CATALOGUE = frozenset({Kind.PRICE, Kind.PLAN, Kind.COUPON})
_TERMS = _CATALOGUE | {Kind.DISCOUNT}
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEPS)


class _Data(Struct):
    object: Raw
    previous_attributes: Raw = NULL


class _Head(Struct):
    id: _Text
    type: _Text
    created: Annotated[int, Meta(ge=0, le=LAST_SECOND)]
    data: _Data
    object: str = "event"
    livemode: bool = False
    account: _Text | None = None
    api_version: _Text | None = None


_heads = msgspec.json.Decoder(_Head)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class PlainEvent:
    """An event cut to the allow-list. `terms`: its object, where that has to be completed or teaches the catalogue;
    then `completed` makes its record, else `record`."""

    id: str
    type: str
    account: str | None
    livemode: bool
    api_version: str | None
    customer: str | None
    version: VersionMark
    object: Raw
    previous_attributes: Raw
    terms: Json | None = None

    def completed(self, origin: Origin, catalogue: Catalogue) -> StripeRecord:
        """As `to_record` would make it with a catalogue that has learned from `terms`."""
        completion = complete(self.terms or {}, catalogue)
        return msgspec.structs.replace(
            self.record(origin),
            object=raw_json(completion.object),
            incomplete=completion.incomplete + completion.unverified,
        )

    def record(self, origin: Origin) -> StripeRecord:
        """As `to_record` would make it."""
        return StripeRecord(
            project=origin.project,
            account=self.account or origin.account,
            livemode=self.livemode,
            source=origin.source,
            type=self.type,
            version=self.version,
            object=self.object,
            event_id=self.id,
            previous_attributes=self.previous_attributes,
            api_version=self.api_version,
            customer=self.customer,
        )


def plain_event(body: bytes, kept: Kept = DEFAULT) -> PlainEvent | None:
    """The event in a body, or None where `envelope` has to look at it. Raises nothing, whatever the bytes are."""
    if not _is_plain_text(body):
        return None
    try:
        head = _heads.decode(body)
        kind = kind_of(head.type)
        if kind is None or head.object.startswith("v2."):
            return None
        reader = reader_of(kind, kept)
        item = reader.decode(head.data.object)
        previous = head.data.previous_attributes
        cut = previous if previous == NULL else Raw(_encoder.encode(reader.decode(previous)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    customer = _text_in(item, "id" if kind is Kind.CUSTOMER else "customer")
    if _text_in(item, "object") != kind or not (customer or _is_nobodys(kind, head.data.object)):
        return None
    as_it_is = kind not in _TERMS and _is_complete(kind, item)
    return PlainEvent(
        id=head.id,
        type=head.type,
        account=head.account,
        livemode=head.livemode,
        api_version=head.api_version,
        customer=customer,
        version=VersionMark(datetime.fromtimestamp(head.created, UTC), _rank(kind, head.type, item)),
        object=Raw(_encoder.encode(item)) if as_it_is else NULL,
        previous_attributes=cut,
        terms=None if as_it_is else msgspec.to_builtins(item),
    )


def _is_nobodys(kind: Kind, item: Raw) -> bool:
    """Whether no field of the object, kept or not, can name a customer."""
    if kind not in _CATALOGUE:
        return False
    text = bytes(item)
    return b"customer" not in text and b"\\u" not in text


def _is_plain_text(body: bytes) -> bool:
    """Whether a body is UTF-8 without U+0000, and not nested too deep. Lone surrogates the reader refuses itself."""
    if b"\\u0000" in body:
        return False
    if not body.isascii() and not _is_utf8(body):
        return False
    return is_shallow(body) or _depth(body) <= MAX_DEPTH


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _depth(body: bytes) -> int:
    """How deep a body is nested; brackets within texts count too."""
    return max(accumulate(_STEPS[byte] for byte in body.translate(None, _NO_BRACKETS)))


def _rank(kind: Kind, event_type: str, item: Struct) -> int:
    action = action_of(event_type)
    deleted = action == "deleted" or getattr(item, "deleted", None) is True
    return rank_of(action, is_terminal(kind, _text_in(item, "status"), deleted))


def _text_in(item: Struct, name: str) -> str | None:
    value: object = getattr(item, name, None)
    return value if isinstance(value, str) else None


def _is_complete(kind: Kind, item: Struct) -> bool:
    match kind:
        case Kind.SUBSCRIPTION:
            return _is_undiscounted(item) and _has_plain_prices(item)
        case Kind.CUSTOMER:
            return _is_undiscounted(item)
        case _:
            return True


def _is_undiscounted(item: Struct) -> bool:
    return getattr(item, "discount", None) in (None, UNSET) and getattr(item, "discounts", None) in (None, UNSET, [])


def _has_plain_prices(subscription: Struct) -> bool:
    items: object = getattr(subscription, "items", None)
    lines: object = getattr(items, "data", None)
    if not isinstance(lines, list) or not lines or getattr(items, "has_more", None) is True:
        return False
    currency = _text_in(subscription, "currency")
    holders = (subscription, *lines)
    return all(
        _is_undiscounted(holder)
        and _is_flat(getattr(holder, "price", None), currency)
        and _is_flat(getattr(holder, "plan", None), currency)
        for holder in holders
    )


def _is_flat(price: object, currency: str | None) -> bool:
    """Whether a price says all that its amount depends on."""
    if not isinstance(price, Struct):
        return price in (None, UNSET)
    return (
        currency is not None
        and _text_in(price, "currency") == currency
        and getattr(price, "billing_scheme", None) != "tiered"
        and all(getattr(price, name, None) in (None, UNSET) for name in ("tiers_mode", "tiers", "currency_options"))
    )
