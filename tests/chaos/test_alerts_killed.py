"""The alerts worker is killed again and again under load: no signal is lost, none too much, all in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.runtime.kafka import ensure_topics, new_consumer, new_producer
from libs.wire.codec import decode, decode_activity, encode, record_key
from libs.wire.records import SignalRecord
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY, DEFAULT_PARTITIONS
from tests.alerts.in_memory import Alerts
from tests.chaos.alerts_worker import Worker
from tests.counts import examples
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, instant, stripe_records

CUSTOMERS, MONTHS, IN_ALL = 60, 4, timedelta(days=150)
PACE = 0.002
SETTLED_SECONDS = 60.0


@dataclass(frozen=True)
class State:
    """A signal as one record of the topic tells it."""

    event: bytes
    record: SignalRecord


@pytest.mark.chaos
async def test_a_worker_killed_under_load_loses_no_signal_and_tells_none_too_much(
    kafka_bootstrap: str, tmp_path: Path, project: str
) -> None:
    kills = examples(2, 20)
    activity = activity_of(project, examples(1, 6))
    expected = Alerts(datetime.now(UTC))
    for record in activity:
        expected.feed([record])
    await ensure_topics(kafka_bootstrap, DEFAULT_PARTITIONS, 1)
    worker = Worker(kafka_bootstrap, tmp_path)
    async with signals_of(kafka_bootstrap, project) as states:
        await worker.start()
        try:
            await asyncio.gather(feed(kafka_bootstrap, activity), kill_at_random(worker, kills))
            final = {name: told(one) for name, one in expected.held.items()}
            await until_settled(states, final, worker)
        finally:
            await worker.kill()
    assert worker.kills == kills + 1
    check_order(states, expected)


def activity_of(project: str, accounts: int) -> list[MemoryRecord]:
    """What the mrr service tells of some accounts' lives, which end today, as this project's."""
    found: list[MemoryRecord] = []
    for seed in range(accounts):
        fake = FakeStripe(seed=seed + 1, start=datetime.now(UTC) - IN_ALL)
        play(fake.engine, HistorySpec(seed=seed + 1, customers=CUSTOMERS, months=MONTHS))
        stream = Stream(now=instant(fake))
        stream.feed(stripe_records(fake.events, catalogue_of(fake)))
        found += stream.activity
    return [_owned(record, project) for record in found]


def _owned(record: MemoryRecord, project: str) -> MemoryRecord:
    activity = msgspec.structs.replace(decode_activity(record.value or b""), project=project)
    return MemoryRecord(record.topic, record.offset, record_key(project, activity.client), encode(activity))


async def feed(bootstrap: str, activity: Sequence[MemoryRecord]) -> None:
    """Publish at a steady pace; some of it twice, as the mrr service does after a crash."""
    dice = random.Random(1)
    producer: AIOKafkaProducer = new_producer(bootstrap)
    await producer.start()
    try:
        for record in activity:
            for _ in range(dice.choice((1, 1, 1, 2))):
                await producer.send(CLIENT_ACTIVITY.name, record.value, record.key)
            await asyncio.sleep(PACE)
        await producer.flush()
    finally:
        await producer.stop()


async def kill_at_random(worker: Worker, kills: int) -> None:
    dice = random.Random(2)
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(1.0, 2.5))
        await worker.kill()
        await worker.start()


@asynccontextmanager
async def signals_of(bootstrap: str, project: str) -> AsyncIterator[list[State]]:
    """What the topic holds of this project, repeats by id left out, growing while the block runs."""
    states: list[State] = []
    consumer: AIOKafkaConsumer = new_consumer(bootstrap, CHURN_SIGNALS.name)
    await consumer.start()
    reading = asyncio.create_task(_read(consumer, project, states))
    try:
        yield states
    finally:
        reading.cancel()
        await consumer.stop()
        with suppress(asyncio.CancelledError):
            await reading


async def _read(consumer: AIOKafkaConsumer, project: str, states: list[State]) -> None:
    known: set[bytes] = set()
    async for message in consumer:
        # Other tests' records lie on this topic, too, and some are made to be unreadable.
        if not (message.key or b"").startswith(f"{project}/".encode()):
            continue
        event = dict(message.headers)["ce_id"]
        record = decode(message.value, SignalRecord)
        if record.project == project and event not in known:
            known.add(event)
            states.append(State(event, record))


def told(record: SignalRecord) -> tuple[str, str | None, str]:
    return record.status, record.resolution, record.message


async def until_settled(states: Sequence[State], final: dict[str, tuple[str, str | None, str]], worker: Worker) -> None:
    """Wait until the latest state of each signal is the one that the rules give without any crash."""
    deadline = asyncio.get_running_loop().time() + SETTLED_SECONDS
    while (held := {one.record.id: told(one.record) for one in states}) != final:
        if asyncio.get_running_loop().time() > deadline:
            lost = {name: final[name] for name in final if held.get(name) != final[name]}
            raise AssertionError(f"lost {lost}; too much {set(held) - set(final)}; {worker.told()}")
        await asyncio.sleep(0.1)


def check_order(states: Sequence[State], expected: Alerts) -> None:
    """No signal opens after its end without trouble that came back, and none goes back in time."""
    assert {one.record.id for one in states} == set(expected.held)
    latest: dict[str, SignalRecord] = {}
    for one in states:
        before = latest.get(one.record.id)
        assert before is None or one.record.updated_at >= before.updated_at
        latest[one.record.id] = one.record
    opened = {one.id for one in expected.published if one.status == "open"}
    resolved = {name for name, one in latest.items() if one.status == "resolved"}
    assert len(opened) > 20
    assert len(resolved) > 10
