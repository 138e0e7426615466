"""Whatever the bytes of a webhook are, they give an event or one kind of error."""

import json
from contextlib import suppress

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.wire.codec import MalformedRecord, decode, encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Catalogue, Origin, WebhookEvent, envelope, read, to_record
from tests.wire.stripe_objects import Json, event, subscription


def body(**changes: object) -> bytes:
    return orjson.dumps({**event("customer.subscription.updated", subscription()), **changes})


def nested(depth: int) -> bytes:
    """An event whose object holds arrays, `depth` deep in all."""
    hole = b'"hole"'
    return body(data={"object": {"id": "x", "hole": "hole"}}).replace(
        b'"hole":' + hole, b'"hole":' + b"[" * (depth - 3) + b"]" * (depth - 3)
    )


def test_an_event_is_read_with_whose_it_is() -> None:
    seen = envelope(body(account="acct_7"))
    assert (seen.id, seen.type, seen.account, seen.customer) == (
        "evt_1",
        "customer.subscription.updated",
        "acct_7",
        "cus_1",
    )
    assert seen.api_version == "2026-10-28.endive"
    assert seen.kind == "subscription"
    assert not seen.is_thin


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the body is empty"),
        (b" ", "the body is not JSON"),
        (b"hello", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b'{"a":1}garbage', "the body is not JSON"),
        (b"\xef\xbb\xbf{}", "the body is not JSON"),
        (b"[]", "the body is an array, not an object"),
        (b"null", "the body is missing or null, not an object"),
        (b'"evt"', "the body is a text, not an object"),
        (b"7", "the body is a number, not an object"),
        (b"true", "the body is true or false, not an object"),
        (b"NaN", "the body is not JSON"),
        (b'{"id": NaN}', "the body is not JSON"),
        (b'{"a": "\\ud800", "id": NaN}', "the body is not JSON: NaN is no number"),
        (b'{"id": Infinity}', "the body is not JSON"),
        (b'{"a": 1e999}', "the body is not JSON"),
        (b'{"id": "\xff"}', "the body is not UTF-8"),
        (b"\xff\xfe{}", "the body is not UTF-8"),
        (b"[" * 1_048_576, "nested deeper than 64"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "nested deeper than 64"),
        (b'"\\ud800"' + b"[" * 100_000, "the body is not JSON"),
        (b'["\\ud800",' + b"[" * 100_000, "nested deeper than 64"),
        (b'["\\ud800",' + b"9" * 5000 + b"]", "the body is not JSON"),
        (nested(65), "nested deeper than 64"),
        (nested(2000), "nested deeper than 64"),
        (body(id=None), "id is missing or null"),
        (body(id=""), "id is a text"),
        (body(id=7), "id is a number"),
        (body(id="e" * 256), "id is a text"),
        (body(type=None), "type is missing or null"),
        (body(type=["x"]), "type is an array"),
        (body(created=None), "created is missing or null"),
        (body(created="now"), "created is a text"),
        (body(created=True), "created is true or false"),
        (body(created=1.5), "created is a number"),
        (body(created=-1), "created is a number"),
        (body(created=253_402_300_800), "created is a number"),
        (body(livemode="yes"), "livemode is a text"),
        (body(livemode=None), "livemode is missing or null"),
        (body(account=5), "account is a number"),
        (body(data=None), "data is missing or null"),
        (body(data=[]), "data is an array"),
        (body(data={}), "data.object is missing or null"),
        (body(data={"object": "sub_1"}), "data.object is a text"),
        (body(data={"object": {}, "previous_attributes": []}), "data.previous_attributes is an array"),
        (body(created="HERE").replace(b'"HERE"', b"18446744073709551616"), "the number at $.created is beyond 64 bits"),
        (body(amount=2**63), "the number at $.amount is beyond 64 bits"),
        (body(amount="HERE").replace(b'"HERE"', b"-9223372036854775809"), "$.amount is beyond 64 bits"),
        (body(amount="HERE").replace(b'"HERE"', b"9" * 400), "the body is not JSON"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else repr(value[:30]),
)
def test_what_is_no_event_is_refused_with_the_reason(data: bytes, fault: str) -> None:
    with pytest.raises(MalformedRecord) as raised:
        envelope(data)
    assert fault in str(raised.value)


def test_nesting_up_to_64_is_taken() -> None:
    assert envelope(nested(64)).id == "evt_1"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"a\\u0000b", "a\ufffdb"),
        (b"a\\ud800b", "a\ufffdb"),
        (b"\\udc00", "\ufffd"),
        (b"\\ud83d\\ude00", "\U0001f600"),
        (b"\\ud83d\\ude00 and \\ud800", "\U0001f600 and \ufffd"),
        (b"\\uD800\\u0000", "\ufffd\ufffd"),
        (b"\\\\ud800", "\\ud800"),
        (b"\\\\u0000", "\\u0000"),
    ],
)
def test_characters_that_break_what_comes_after_are_replaced(sent: bytes, kept: str) -> None:
    data = body(data={"object": {"id": "x", "name": "HERE", "KEY": 1}}).replace(b"HERE", sent).replace(b"KEY", sent)
    seen = envelope(data).object
    assert seen["name"] == kept
    assert kept in seen


def test_longest_numbers_within_64_bits_are_kept() -> None:
    seen = envelope(body(data={"object": {"id": "x", "a": 2**63 - 1, "b": -(2**63)}})).object
    assert (seen["a"], seen["b"]) == (2**63 - 1, -(2**63))


def test_digits_within_texts_are_no_numbers() -> None:
    assert envelope(body(data={"object": {"id": "9" * 40}})).object["id"] == "9" * 40


def test_a_thin_event_is_recognised() -> None:
    thin: Json = {
        "id": "evt_test_1",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "created": "2026-11-01T10:00:00.000Z",
        "livemode": False,
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
    }
    assert envelope(orjson.dumps(thin)).is_thin
    with pytest.raises(MalformedRecord, match="created"):
        envelope(orjson.dumps({**thin, "created": "soon"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "object", "data"]), inner),
    max_leaves=20,
)
FIELDS = ["id", "object", "type", "created", "livemode", "account", "data", "api_version"]


def only_event_or_malformed(data: bytes) -> None:
    """Takes the bytes all the way to the facts."""
    with suppress(MalformedRecord):
        seen = envelope(data)
        assert isinstance(seen, WebhookEvent)
        catalogue = Catalogue()
        catalogue.learn(seen.object)
        record = to_record(seen, Origin("prj_1", "acct_1"), catalogue)
        written = encode(record)
        assert b"\\u0000" not in written
        read(decode(written, StripeRecord))


@given(st.binary(max_size=200))
@example(b"\x00")
@settings(max_examples=700)
def test_any_bytes_give_an_event_or_a_malformed_record(data: bytes) -> None:
    only_event_or_malformed(data)


@given(st.data())
@settings(max_examples=700)
def test_a_damaged_body_gives_an_event_or_a_malformed_record(data: st.DataObject) -> None:
    sound = body()
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(len(sound), start + 40)))
    insert = data.draw(st.binary(max_size=12) | st.sampled_from([b"\\ud800", b"\\u0000", b"[" * 99, b"9" * 25, b"NaN"]))
    only_event_or_malformed(sound[:start] + insert + sound[end:])


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
@settings(max_examples=700)
def test_wrong_values_anywhere_give_an_event_or_a_malformed_record(changes: Json) -> None:
    only_event_or_malformed(json.dumps({**event("invoice.paid", subscription()), **changes}).encode("utf-8", "replace"))


OBJECT_FIELDS = ["id", "status", "items", "customer", "discounts", "discount", "plan", "metadata", "default_tax_rates"]
PARTS = st.sampled_from(["object", "data", "id", "coupon", "source", "price", "tiers", "percent_off", "currency"])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["x", "", "\x00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from(["customer.subscription.updated", "customer.updated", "customer.discount.created", "invoice.paid"]),
    st.dictionaries(st.sampled_from(OBJECT_FIELDS), ODD),
    st.none() | st.dictionaries(st.sampled_from(OBJECT_FIELDS), ODD),
)
@settings(max_examples=700)
def test_wrong_values_in_the_object_give_facts_or_a_malformed_record(
    kind: str, odd: Json, previous: Json | None
) -> None:
    sent = {**event(kind, {**subscription(), **odd}, previous)}
    only_event_or_malformed(json.dumps(sent).encode())
