"""The short way gives what the long way gives, or nothing."""

import json
from copy import deepcopy
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Catalogue, Kept, Origin, envelope, to_record
from libs.wire.stripe_event.plain import PlainEvent, plain_event
from tests.wire.stripe_objects import RECORDED, Json, recorded, subscription

AT = 1_800_000_000
ORIGIN = Origin("p1", "acct_1")
NAMES = sorted(path.stem for path in Path(RECORDED).glob("*.json"))
TYPES = ("customer.subscription.updated", "customer.subscription.deleted", "customer.updated", "invoice.paid",
         "charge.failed", "payment_intent.payment_failed", "payment_method.attached", "charge.dispute.created",
         "price.created", "coupon.updated", "customer.discount.created", "radar.early_fraud_warning.created",
         "invoice.upcoming", "made.up")  # fmt: skip
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**62, 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["", "\0", "\ud800", "é", "usd", "tiered", "v2.core.event"]),
    st.sampled_from([{}, [], [[]], {"id": "x"}, [{"id": "y"}], {"id": 5}, {"object": "price", "tiers": [1]}]).map(
        deepcopy
    ),
)


def event(kind: str, item: object, **changes: object) -> Json:
    data = {"object": item, "previous_attributes": {"quantity": 1, "items": {"data": []}}}
    base = {"id": "evt_1", "object": "event", "type": kind, "created": AT, "livemode": True, "data": data}
    return {**base, "api_version": "2026-10-28.endive", "pending_webhooks": 1, **changes}


def long_way(body: bytes, kept: Kept) -> tuple[StripeRecord, Catalogue]:
    """The record, and what the catalogue learned. Raises MalformedRecord."""
    found, catalogue = envelope(body), Catalogue()
    catalogue.learn(found.object)
    return to_record(found, Origin("p1", "acct_1", kept=kept), catalogue), catalogue


def short_way(plain: PlainEvent) -> tuple[StripeRecord, Catalogue]:
    catalogue = Catalogue()
    if plain.terms is None:
        return plain.record(ORIGIN), catalogue
    catalogue.learn(plain.terms)
    return plain.completed(ORIGIN, catalogue), catalogue


def same(one: StripeRecord, other: StripeRecord) -> bool:
    """Whether two records say the same; the order of fields in their objects says nothing."""

    def flat(record: StripeRecord) -> list[object]:
        return [
            orjson.loads(bytes(value)) if name in ("object", "previous_attributes") else value
            for name in record.__struct_fields__
            for value in [getattr(record, name)]
        ]

    return flat(one) == flat(other)


def assert_same_or_none(body: bytes, kept: Kept) -> None:
    plain = plain_event(body, kept)
    if plain is None:
        return
    try:
        expected, learned = long_way(body, kept)
    except MalformedRecord as error:  # the long way looks at such numbers before it drops their fields
        if "beyond 64 bits" not in str(error):
            raise
        return
    record, catalogue = short_way(plain)
    assert catalogue == learned
    assert same(record, expected)


@st.composite
def changed(draw: st.DrawFn) -> Json:
    """A recorded object within an event, with some values anywhere in it replaced, added or taken away."""
    value = event(draw(st.sampled_from(TYPES)), recorded(draw(st.sampled_from(NAMES))))
    for _ in range(draw(st.integers(0, 3))):
        holder, name = draw(st.sampled_from(places(value)))
        if draw(st.booleans()):
            holder[name] = draw(ODD)
        else:
            holder.pop(name, None)
    return value


def places(value: object) -> list[tuple[Json, str]]:
    """Every field in parsed JSON, with what holds it."""
    if isinstance(value, dict):
        here = [(value, str(name)) for name in value]
        return here + [place for child in value.values() for place in places(child)]
    return [place for child in value for place in places(child)] if isinstance(value, list) else []


@settings(max_examples=600)
@given(value=changed(), ascii_only=st.booleans(), indent=st.sampled_from([None, 2]), card=st.booleans())
def test_short_way_gives_what_the_long_way_gives_or_nothing(
    value: Json, ascii_only: bool, indent: int | None, card: bool
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(errors="surrogatepass")
    assert_same_or_none(body, Kept(card_expiry=card, metadata_keys=frozenset({"client_id", "a-b"})))


@given(body=st.binary(max_size=40))
def test_short_way_raises_nothing(body: bytes) -> None:
    assert plain_event(body) is None


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("customer.subscription.updated", subscription()),
        ("customer.subscription.updated", subscription(discounts=["di_1"])),
        ("coupon.created", {"id": "HALF", "object": "coupon", "percent_off": 50, "duration": "forever"}),
        ("price.created", {"id": "price_1", "object": "price", "currency": "usd", "billing_scheme": "tiered"}),
        ("customer.subscription.deleted", subscription(status="canceled")),
        *[(f"invoice.{what}", recorded(f"invoice_{version}"))
          for what in ("paid", "payment_failed") for version in ("2018", "2020", "2022", "basil", "endive")],
        ("charge.failed", recorded("charge_failed")),
        ("customer.deleted", recorded("customer_deleted")),
    ],
    ids=str,
)  # fmt: skip
def test_what_comes_most_takes_the_short_way(kind: str, item: Json) -> None:
    body = json.dumps(event(kind, item), indent=2).encode()
    assert plain_event(body) is not None
    assert_same_or_none(body, Kept())


@pytest.mark.parametrize("depth", [60, 70, 2000])
def test_endless_nesting_is_left_to_the_long_way(depth: int) -> None:
    deep = json.dumps(event("invoice.paid", recorded("invoice_endive"))).replace(
        '"pending_webhooks": 1', '"pending_webhooks": ' + "[" * depth + "]" * depth
    )
    assert (plain_event(deep.encode()) is None) == (depth > 64)
    if depth > 64:
        with pytest.raises(MalformedRecord, match="nested deeper"):
            envelope(deep.encode())
