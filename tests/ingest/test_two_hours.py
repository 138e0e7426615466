"""Webhooks dead for two hours: what polling brings is the same state and the same ledger, byte for byte."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import msgspec
import orjson
import pytest

from libs.fake_stripe.changes import SetQuantity
from libs.wire.codec import encode
from libs.wire.records import ClientRecord, Revision, StripeRecord
from libs.wire.stripe_event import Origin, envelope, is_published, key_of, to_record
from libs.wire.topics import STRIPE_EVENTS
from services.ingest.polling import Polling
from services.ingest.postgres_runs import INITIAL
from tests.ingest.feed_rig import FeedRig, feed_rig
from tests.ingest.stripe_rig import SCOPE
from tests.mrr.in_memory import MemoryRecord, Stream

STEP, STEPS = timedelta(minutes=5), 24


@pytest.fixture
async def rig(database: str) -> AsyncIterator[FeedRig]:
    async with feed_rig(database) as made:
        yield made


def advance(rig: FeedRig, by: timedelta) -> None:
    rig.merchant.engine.advance_clock(rig.now + by)


async def synced(rig: FeedRig) -> None:
    """The first sync is over; the clock shows ten in the morning of a working day."""
    for number in range(30):
        price = (rig.merchant.tiered, rig.merchant.plain)[number % 2]
        customer = rig.merchant.engine.create_customer(f"owner@c{number}.example")["id"]
        rig.merchant.subscribe(1, *((rig.merchant.coupon,) if number % 3 else ()), customer=customer, price=price)
    advance(rig, timedelta(hours=10))
    assert await rig.runs.ask("p1", "con_1", INITIAL, rig.now)
    (run,) = await rig.unfinished()
    await rig.syncing().work(run)
    assert await rig.desk.state(run.id) == "succeeded"


def change(rig: FeedRig, dice: random.Random) -> None:
    """Something of what happens at a merchant."""
    living = [each for each in rig.merchant.fake.objects("subscription") if each["status"] == "active"]
    for held in dice.sample(living, 3):
        item = held["items"]["data"][0]["id"]
        rig.merchant.engine.update_subscription(held["id"], SetQuantity(item, dice.randint(1, 30)), proration="none")
    rig.merchant.engine.cancel_subscription(dice.choice(living)["id"])
    for _ in range(2):
        customer = rig.merchant.engine.create_customer("new@customer.example")["id"]
        rig.merchant.subscribe(1, customer=customer, price=rig.merchant.plain)


async def poll(polling: Polling) -> int:
    due = await polling.due()
    for subject in due:
        await polling.work(subject)
    return len(due)


def told(rig: FeedRig, records: Sequence[StripeRecord]) -> tuple[list[bytes], list[bytes]]:
    """What the streams make of the records: the clients and the ledger, without what counts the records themselves."""
    stream = Stream(now=rig.now)
    stream.feed([MemoryRecord(STRIPE_EVENTS.name, n, key_of(each), encode(each)) for n, each in enumerate(records)])
    clients = [uncounted(stream.revenue[client], rig.now) for client in sorted(stream.revenue)]
    ledger = [msgspec.structs.replace(each, revision=0) for each in stream.movements()]
    return [encode(each) for each in clients], [encode(each) for each in ledger]


def uncounted(record: ClientRecord, now: datetime) -> ClientRecord:
    """The record without offsets and times of work, which depend on how often something was told."""
    replace, never = msgspec.structs.replace, Revision(epoch=0, offset=0, settings=0, evaluated_at=now)
    members = tuple(replace(member, revision=never) for member in record.members)
    return replace(record, revision=0, as_of=now, members=members)


async def test_two_hours_without_webhooks(rig: FeedRig) -> None:
    await synced(rig)
    before, first = list(rig.publisher.records), len(rig.merchant.fake.events)
    polling, dice, polls = rig.polling(), random.Random(4), 0
    for _ in range(STEPS):
        change(rig, dice)
        advance(rig, STEP)
        polls += await poll(polling)
    advance(rig, timedelta(minutes=30))
    polls += await poll(polling)
    polled = rig.publisher.records
    events = [envelope(orjson.dumps(each)) for each in rig.merchant.fake.events[first:]]
    posted = [
        to_record(each, Origin(*SCOPE), rig.catalogues.learned(SCOPE, each))
        for each in events
        if is_published(each.type)
    ]
    assert polls == 5
    assert {each.event_id for each in polled} >= {each.event_id for each in posted}
    by_polls, by_webhooks = told(rig, polled), told(rig, [*before, *posted])
    assert len(by_polls[1]) > 100
    assert by_polls == by_webhooks
