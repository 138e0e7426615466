"""Through real Kafka: histories shuffled and repeated, workers killed, partitions moved – and the very same ledger."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest

from libs.runtime.kafka import ensure_topics, new_producer
from libs.wire import stripe_event
from libs.wire.codec import decode, encode, record_key
from libs.wire.records import ClientRecord, DirectoryRecord, MovementRecord, SettingsRecord, StripeRecord
from libs.wire.topics import (
    CLIENT_ACTIVITY,
    CLIENT_DIRECTORY,
    PROJECT_SETTINGS,
    REVENUE_CLIENTS,
    REVENUE_MOVEMENTS,
    STRIPE_EVENTS,
)
from tests.chaos.drill.fleet import Fleet
from tests.chaos.drill.topics import committed, end_offsets, eventually, read_all
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, stripe_records
from tests.mrr.test_against_the_fake import account
from tests.servers import OwnBrokers

pytestmark = pytest.mark.chaos

PARTITIONS, GROUP = 8, "ledger-drill"
CATCH_UP_SECONDS = 200.0
SETTINGS: dict[str, object] = {"late_window_days": None}
Told = list[tuple[object, ...]]


def history(seed: int) -> list[MemoryRecord]:
    """One account's records, as a project of its own."""
    fake = account(seed)
    told = [decode(one.value or b"", StripeRecord) for one in stripe_records(fake.events, catalogue_of(fake))]
    own = [msgspec.structs.replace(record, project=f"p{seed}") for record in told]
    return [
        MemoryRecord(STRIPE_EVENTS.name, offset, stripe_event.key_of(record), encode(record))
        for offset, record in enumerate(own)
    ]


def directory(seed: int) -> DirectoryRecord:
    """A client that has some of the customers."""
    domains = ("customer.example",)
    said = datetime(2026, 3, 1, tzinfo=UTC)
    return DirectoryRecord(project=f"p{seed}", client="big", version=1, domains=domains, updated_at=said)


def settings(seed: int) -> SettingsRecord:
    return SettingsRecord(project=f"p{seed}", version=1, policy=SETTINGS)


def undisturbed(seed: int) -> Stream:
    """What the ordered history comes to in one process."""
    stream = Stream(now=datetime.now(UTC))
    stream.policies.apply(f"p{seed}".encode(), encode(settings(seed)))
    stream.directory.apply(f"p{seed}/big".encode(), encode(directory(seed)))
    stream.feed(history(seed))
    return stream


async def feed(brokers: str, records: Sequence[MemoryRecord]) -> None:
    async with new_producer(brokers) as producer:
        for record in records:
            await producer.send(STRIPE_EVENTS.name, record.value, key=record.key)
        await producer.flush()


async def say(brokers: str, seeds: Sequence[int]) -> None:
    async with new_producer(brokers) as producer:
        for seed in seeds:
            own = f"p{seed}"
            await producer.send_and_wait(PROJECT_SETTINGS.name, encode(settings(seed)), key=own.encode())
            key = record_key(own, "big")
            await producer.send_and_wait(CLIENT_DIRECTORY.name, encode(directory(seed)), key=key)


async def caught_up(brokers: str) -> bool:
    for topic in (STRIPE_EVENTS.name, CLIENT_ACTIVITY.name):
        if await committed(brokers, GROUP, topic) != await end_offsets(brokers, topic):
            return False
    return True


def told(stream: Stream) -> tuple[Told, Told]:
    """What a reader has of the ledger and of the clients."""
    movements: Told = [
        (one.id, one.client, one.kind, one.exact_before, one.exact_after, one.reason, one.caused_by, one.estimated)
        for one in stream.movements()
    ]
    clients: Told = [
        (one.client, one.status, one.exact_by_currency, one.booked, [member.customer for member in one.members])
        for one in stream.revenue.values()
    ]
    return sorted(movements, key=repr), sorted(clients, key=repr)


async def read(brokers: str, seeds: Sequence[int]) -> dict[int, Stream]:
    """A reader for each project that has read both topics from their beginning."""
    readers = {f"p{seed}": Stream(now=datetime.now(UTC)) for seed in seeds}
    for one in await read_all(brokers, REVENUE_CLIENTS.name):
        readers[decode(one.value, ClientRecord).project].take(REVENUE_CLIENTS.name, one.value)
    for one in await read_all(brokers, REVENUE_MOVEMENTS.name):
        readers[decode(one.value, MovementRecord).project].take(REVENUE_MOVEMENTS.name, one.value)
    return {seed: readers[f"p{seed}"] for seed in seeds}


@pytest.mark.timeout(600)
async def test_killed_workers_and_moved_partitions_end_in_the_same_ledger(
    own_broker: OwnBrokers, tmp_path: Path, full: bool
) -> None:
    dice, seeds = Random(11), range(20, 40 if full else 22)
    brokers = (await own_broker()).bootstrap
    await ensure_topics(brokers, PARTITIONS, 1)
    await say(brokers, seeds)
    records = [one for seed in seeds for one in history(seed) for _ in range(dice.choice((1, 1, 2)))]
    dice.shuffle(records)
    third = len(records) // 3
    fleet = Fleet("tests.chaos.drill.mrr_worker", (GROUP, brokers), tmp_path)
    try:
        for number in (0, 1):
            await fleet.start(number)
        for number in (0, 1):
            await fleet.ready(number)
        feeding = asyncio.create_task(feed(brokers, records[:third]))
        await fleet.end(0, signal.SIGKILL)
        await feeding
        await fleet.start(0)
        await feed(brokers, records[third : 2 * third])
        await fleet.ready(0)
        await fleet.end(1, signal.SIGKILL)
        await feed(brokers, records[2 * third :])
        await fleet.start(1)
        await eventually(lambda: caught_up(brokers), CATCH_UP_SECONDS)
    finally:
        fleet.kill()
    readers = await read(brokers, seeds)
    for seed in seeds:
        assert told(readers[seed]) == told(undisturbed(seed)), f"history {seed}"
