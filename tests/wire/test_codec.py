"""Records survive the way to bytes and back; what is no record says so."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.wire import activity, records
from libs.wire.activity import Activity
from libs.wire.codec import MalformedRecord, decode, decode_activity, encode, record_key
from libs.wire.records import Record, StripeRecord
from tests.wire.activity_examples import DECISION, MOVED, RISKY
from tests.wire.examples import CONTRIBUTION, EXAMPLES, FAILED_INVOICE, SNAPSHOT_RECORD, STRIPE_RECORD

ALL = [(topic, record) for topic, examples in EXAMPLES.items() for record in examples]


def names(value: object) -> str:
    return type(value).__name__ if isinstance(value, Record) else ""


def concrete_records() -> set[type[Record]]:
    return {
        kind
        for kind in (*vars(records).values(), *vars(activity).values())
        if isinstance(kind, type) and issubclass(kind, Record) and kind not in {Record, activity.RiskActivity}
    }


@pytest.mark.parametrize(("topic", "record"), ALL, ids=names)
def test_a_record_round_trips(topic: str, record: Record) -> None:
    data = encode(record)
    assert encode(decode(data, type(record))) == data


@pytest.mark.parametrize(("topic", "record"), ALL, ids=names)
def test_a_record_says_its_schema_version_and_writes_times_in_utc(topic: str, record: Record) -> None:
    seen = json.loads(encode(record))
    assert seen["schema_version"] == 1
    assert "+00:00" not in json.dumps(seen)


@pytest.mark.parametrize(("topic", "record"), ALL, ids=names)
def test_fields_added_by_a_later_version_are_skipped(topic: str, record: Record) -> None:
    later = encode(record)[:-1] + b',"field_of_tomorrow":[1,2]}'
    assert encode(decode(later, type(record))) == encode(record)


def test_every_record_has_an_example() -> None:
    assert {type(record) for _, record in ALL} == concrete_records()


def test_an_object_without_changes_says_null() -> None:
    assert json.loads(encode(SNAPSHOT_RECORD))["previous_attributes"] is None


@pytest.mark.parametrize("record", [CONTRIBUTION, FAILED_INVOICE, *RISKY, DECISION, MOVED], ids=names)
def test_each_kind_of_activity_is_told_apart(record: Activity) -> None:
    assert decode_activity(encode(record)) == record


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "truncated"),
        (b"\xff", "invalid character"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field"),
        (b"[" * 100_000, "Expected `object`"),
        (b'{"object":' + b"[" * 100_000, "recursion"),
        (encode(STRIPE_RECORD).replace(b'"livemode":true', b'"livemode":1'), "$.livemode"),
        (encode(STRIPE_RECORD).replace(b'"webhook"', b'"rumour"'), "$.source"),
        (encode(STRIPE_RECORD).replace(b'"created":"', b'"created":"x'), "$.version.created"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_record_is_malformed_and_says_where(data: bytes, fault: str) -> None:
    with pytest.raises(MalformedRecord) as raised:
        decode(data, StripeRecord)
    assert fault in str(raised.value)
    assert str(raised.value).startswith("StripeRecord: ")


def test_what_is_no_activity_is_malformed() -> None:
    with pytest.raises(MalformedRecord, match="Activity: "):
        decode_activity(b'{"kind":"rumour"}')


@given(st.binary(max_size=100), st.sampled_from(sorted(concrete_records(), key=lambda kind: kind.__name__)))
def test_any_bytes_are_a_record_or_malformed(data: bytes, kind: type[Record]) -> None:
    try:
        assert isinstance(decode(data, kind), kind)
    except MalformedRecord:
        return


def test_keys_keep_a_customer_in_one_partition() -> None:
    assert record_key("prj_1", "cus_ü") == "prj_1/cus_ü".encode()


def test_raw_json_in_a_record_stays_as_it_was_written() -> None:
    record = msgspec.structs.replace(SNAPSHOT_RECORD, object=msgspec.Raw(b'{"b":1,"a":1.50}'))
    assert bytes(decode(encode(record), StripeRecord).object) == b'{"b":1,"a":1.50}'
