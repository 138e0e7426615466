"""Records of `stripe.events` as ingest writes them: the lives of several accounts of the fake Stripe, side by side."""

import asyncio
from collections.abc import Iterator

import msgspec
import orjson

from libs.cli.demo_account import DemoAccount
from libs.fake_stripe.history import HistorySpec, play
from libs.runtime.kafka import ProducerLimits, new_producer
from libs.runtime.partition import partition_of
from libs.wire import stripe_event
from libs.wire.codec import encode
from libs.wire.records import StripeRecord
from libs.wire.topics import STRIPE_EVENTS
from tests.mrr.in_memory import catalogue_of

PARTITIONS = 8
EVENTS_OF_ONE, CUSTOMERS_OF_ONE = 5000, 500
BATCH_BYTES = 1 << 20
Pair = tuple[bytes, bytes]


def backlog(events: int) -> list[Pair]:
    """Keys and values of so many records; every 5,000 of them are another project's, mixed event by event."""
    asked = min(events, EVENTS_OF_ONE)
    records = _one_account(asked)
    projects = -(-events // asked)
    return list(_mixed(records, projects))[:events]


def _one_account(events: int) -> list[StripeRecord]:
    customers = events * CUSTOMERS_OF_ONE // EVENTS_OF_ONE
    account = DemoAccount(seed=11, customers=customers, days=120)
    play(account.fake.engine, HistorySpec(seed=11, customers=customers, events=events))
    catalogue = catalogue_of(account.fake)
    origin = stripe_event.Origin(project="bench", account="acct_1", livemode=True)
    parsed = (stripe_event.envelope(orjson.dumps(event)) for event in account.news())
    return [stripe_event.to_record(event, origin, catalogue) for event in parsed]


def _mixed(records: list[StripeRecord], projects: int) -> Iterator[Pair]:
    for record in records:
        for number in range(projects):
            own = msgspec.structs.replace(record, project=f"bench-{number}")
            yield stripe_event.key_of(own), encode(own)


async def fill(brokers: str, records: list[Pair], topic: str = STRIPE_EVENTS.name) -> None:
    """Write the records to their partitions."""
    async with new_producer(brokers, ProducerLimits(batch_bytes=BATCH_BYTES)) as producer:
        batches = {number: producer.create_batch() for number in range(PARTITIONS)}
        acks = []
        for key, value in records:
            number = partition_of(key, PARTITIONS)
            if batches[number].append(key=key, value=value, timestamp=None) is None:
                acks.append(await producer.send_batch(batches[number], topic, partition=number))
                batches[number] = producer.create_batch()
                batches[number].append(key=key, value=value, timestamp=None)
        acks += [await producer.send_batch(each, topic, partition=number) for number, each in batches.items()]
        await asyncio.gather(*acks)
