"""A stage: the order of its effects, what it does with oversized records, whose keys it rechecks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from faust.types import TP

from libs.runtime.faust_batch import (
    BatchSettings,
    Output,
    Record,
    RecordTooLarge,
    StageHandle,
    StageResult,
    StageSpec,
    State,
    TopicMissing,
    batch_app,
    stage,
)
from libs.runtime.faust_batch.debt import DUE_SECONDS, Debt
from libs.runtime.faust_batch.membership import MembershipLost
from tests.runtime.faust_batch_fakes import FakeProducer, record

CHANGELOG = "group-totals-changelog"


def count(records: Sequence[Record], state: State) -> StageResult:
    """Each record is published, and its key's entry is its value."""
    outputs: list[Output] = [("out", r.key, r.value, [("seen", state.get(r.key or b"", b"-"))]) for r in records]
    return StageResult(outputs, {r.key: r.value for r in records if r.key is not None})


def recheck(keys: Sequence[bytes], state: State) -> StageResult:
    return StageResult([("out", key, b"rechecked " + state[key], []) for key in keys])


def dead_letter(error: RecordTooLarge) -> Sequence[Output]:
    return [("dead", error.key, b"%d bytes" % error.size, [("topic", error.topic.encode())])]


SPEC = StageSpec("totals", "in", ("out", "dead"), count, recheck, on_too_large=dead_letter)


class Member:
    """A consumer that is still in its group, or not."""

    lost = False

    async def prove_membership(self) -> None:
        if self.lost:
            raise MembershipLost


def running(tmp_path: Path, producer: FakeProducer, spec: StageSpec = SPEC) -> StageHandle:
    app = batch_app(
        BatchSettings("group", "127.0.0.1:1", tmp_path, partitions=4, max_record_bytes=5000, topic_seconds=0.01)
    )
    app.producer, app.consumer = producer, Member()
    return stage(app, spec)


@pytest.fixture
def producer() -> FakeProducer:
    return FakeProducer({"out": 4, "dead": 1})


async def handle(handle: StageHandle, batches: Mapping[int, Sequence[Record]]) -> None:
    await handle._records_round(batches)
    await handle._settle()


async def test_outputs_are_acknowledged_before_the_changelog(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer)
    await handle(handle_, {0: [record(1, b"a", b"1")], 2: [record(1, b"b", b"2", 2), record(2, b"b", b"3", 2)]})
    assert [sent.topic for sent in producer.sent] == ["out", "out", "out", CHANGELOG, CHANGELOG]
    assert (handle_.state(0), handle_.state(2)) == ({b"a": b"1"}, {b"b": b"3"})


async def test_entries_of_some_rounds_travel_with_the_outputs_of_a_later_one(
    tmp_path: Path, producer: FakeProducer
) -> None:
    handle_ = running(tmp_path, producer)
    now = 0.0
    handle_._debt = Debt(lambda: now)
    safe = [
        await handle_._records_round({0: [record(1, b"a", b"1"), record(2, b"b", b"1")]}),
        await handle_._records_round({0: [record(3, b"a", b"2")]}),
    ]
    assert [sent.topic for sent in producer.sent] == ["out", "out", "out"]
    assert handle_.state(0) == {b"a": b"2", b"b": b"1"}  # the next round goes on from here
    now += DUE_SECONDS
    safe.append(await handle_._records_round({0: [record(4, b"a", b"3")]}))
    changelog = [(CHANGELOG, b"a", b"2"), (CHANGELOG, b"b", b"1")]
    assert [(sent.topic, sent.key, sent.value) for sent in producer.sent[3:]] == [("out", b"a", b"3"), *changelog]
    await handle_._settle()
    await handle_._settle()
    assert [(sent.topic, sent.value) for sent in producer.sent[6:]] == [(CHANGELOG, b"3")]
    assert safe == [True, False, True]


async def test_a_failed_output_leaves_state_and_changelog_alone(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer)
    producer.refuse = OSError("away")
    with pytest.raises(OSError, match="away"):
        await handle(handle_, {0: [record(1, b"a", b"1")]})
    assert (producer.sent, handle_.state(0)) == ([], {})


async def test_a_bug_in_one_partition_publishes_nothing(tmp_path: Path, producer: FakeProducer) -> None:
    def broken(records: Sequence[Record], state: State) -> StageResult:
        if records[0].partition == 1:
            raise ZeroDivisionError
        return count(records, state)

    handle_ = running(tmp_path, producer, replace(SPEC, compute=broken))
    with pytest.raises(ZeroDivisionError):
        await handle(handle_, {0: [record(1, b"a", b"1")], 1: [record(1, b"b", b"1", 1)]})
    assert producer.sent == []


async def test_an_oversized_output_becomes_what_the_service_says(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer, replace(SPEC, compute=lambda records, state: huge(records)))
    await handle(handle_, {0: [record(1, b"a", b"x" * 6000), record(2, b"b", b"1")]})
    assert [(sent.topic, sent.key) for sent in producer.sent] == [("out", b"b"), ("dead", b"a")]


def huge(records: Sequence[Record]) -> StageResult:
    return StageResult([("out", r.key, r.value, []) for r in records])


async def test_an_oversized_entry_keeps_its_last_value(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer)
    await handle(handle_, {0: [record(1, b"a", b"1")]})
    await handle(handle_, {0: [record(2, b"a", b"x" * 6000), record(3, b"b", b"2")]})
    assert handle_.state(0) == {b"a": b"1", b"b": b"2"}
    dead = [sent.headers for sent in producer.sent if sent.topic == "dead"]
    assert dead == [(("topic", b"out"),), (("topic", CHANGELOG.encode()),)]


async def test_without_a_word_from_the_service_an_oversized_record_is_a_bug(
    tmp_path: Path, producer: FakeProducer
) -> None:
    handle_ = running(tmp_path, producer, StageSpec("totals", "in", ("out",), count))
    with pytest.raises(RecordTooLarge, match="b'a' of out"):
        await handle(handle_, {0: [record(1, b"a", b"x" * 6000)]})


async def test_a_target_that_does_not_exist_is_named(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer, replace(SPEC, targets=("out", "nowhere")))
    with pytest.raises(TopicMissing, match="nowhere"):
        await handle(handle_, {0: [record(1, b"a", b"1")]})


async def test_only_keys_of_owned_partitions_are_rechecked(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer)
    await handle(handle_, {0: [record(1, b"a", b"1")], 1: [record(1, b"b", b"1", 1)]})
    producer.sent.clear()
    await handle_._table.on_recovery_completed({TP(CHANGELOG, 1)}, set())
    await handle_._keys_round([b"a", b"b", b"unknown"])
    assert [(sent.key, sent.value) for sent in producer.sent] == [(b"b", b"rechecked 1")]


async def test_a_worker_that_lost_its_membership_publishes_nothing(tmp_path: Path, producer: FakeProducer) -> None:
    handle_ = running(tmp_path, producer)
    handle_._app.consumer.lost = True
    with pytest.raises(MembershipLost):
        await handle(handle_, {0: [record(1, b"a", b"1")]})
    assert producer.sent == []
