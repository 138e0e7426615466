"""What waits to be read again outlives the process that was asked for it, and what nobody asked for is found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import pytest

from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.json_types import Json
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Origin, envelope, is_published, to_record
from services.ingest.completing import Completing
from services.ingest.refetch_store import RefetchStore
from services.ingest.refetching import Refetching
from services.ingest.sweeping import Sweeping
from tests.ingest.feed_rig import FeedRig, feed_rig
from tests.ingest.stripe_rig import SCOPE
from tests.waiting import until


@pytest.fixture
async def rig(database: str) -> AsyncIterator[FeedRig]:
    async with feed_rig(database) as made:
        yield made


@dataclass
class Process:
    """The part of an ingest process that reads again."""

    refetching: Refetching
    store: RefetchStore
    sweeping: Sweeping


@asynccontextmanager
async def process(rig: FeedRig) -> AsyncIterator[Process]:
    """A process that is killed in the end."""
    async with asyncio.TaskGroup() as tasks:
        refetching = Refetching(rig.readers, Completing(rig.catalogues), rig.publisher, tasks)
        pool = rig.desk.store.pool
        yield Process(refetching, RefetchStore(pool, refetching), Sweeping(pool, refetching))
        refetching.stop()


def record_of(rig: FeedRig, event: Json) -> StripeRecord:
    parsed = envelope(orjson.dumps(event))
    return to_record(parsed, Origin(*SCOPE), rig.catalogues.learned(SCOPE, parsed))


def published(rig: FeedRig, *events: Json) -> None:
    """The broker has them, and no process is left that knows."""
    rig.publisher.records += [record_of(rig, each) for each in events if is_published(each["type"])]


async def waiting(rig: FeedRig) -> int:
    found: int = await rig.desk.connection.fetchval("SELECT count(*) FROM refetches")
    return found


def last(rig: FeedRig, event_type: str) -> Json:
    found: Json = next(each for each in reversed(rig.merchant.fake.events) if each["type"] == event_type)
    return found


def later(rig: FeedRig, seconds: int = 5) -> None:
    rig.merchant.engine.advance_clock(rig.merchant.fake.clock.now + seconds)


def snapshots(rig: FeedRig) -> list[StripeRecord]:
    return [each for each in rig.publisher.records if each.source == "snapshot"]


async def asked_in_vain(rig: FeedRig) -> None:
    """A process was asked to read a subscription while Stripe was away, stored that, and was killed."""
    rig.merchant.subscribe()
    rig.merchant.fake.server.outage.mode = "error_500"
    async with process(rig) as killed:
        killed.refetching.ask(SCOPE, record_of(rig, last(rig, "customer.subscription.created")))
        await killed.store.store()
    rig.merchant.fake.server.outage.mode = "none"


async def test_another_process_reads_what_a_killed_one_was_asked_for(rig: FeedRig) -> None:
    await asked_in_vain(rig)
    assert await waiting(rig) == 1
    await rig.desk.connection.execute("UPDATE refetches SET claimed_until = now()")
    async with process(rig) as other:
        await other.store.claim()
        await until(lambda: len(snapshots(rig)) == 1)
        await other.store.store()
    assert snapshots(rig)[0].incomplete == ()
    assert await waiting(rig) == 0


async def test_what_a_process_that_lives_waits_for_is_left_to_it(rig: FeedRig) -> None:
    await asked_in_vain(rig)
    async with process(rig) as other:
        await other.store.claim()
        assert other.refetching.news() == {}
    assert await waiting(rig) == 1


async def test_what_is_read_at_once_is_stored_no_more(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    async with process(rig) as one:
        one.refetching.ask(SCOPE, record_of(rig, last(rig, "customer.subscription.created")))
        await until(lambda: len(snapshots(rig)) == 1)
        await until(lambda: None in one.refetching.news().values())
        await one.store.store()
        assert one.refetching.news() == {}
    assert await waiting(rig) == 0


async def test_what_can_not_be_read_any_more_is_forgotten(rig: FeedRig) -> None:
    await asked_in_vain(rig)
    await rig.desk.connection.execute("UPDATE refetches SET claimed_until = now()")
    rig.readers.open.clear()
    async with process(rig) as other:
        await other.store.claim()
        await other.store.store()
    assert await waiting(rig) == 0


async def test_an_incomplete_version_that_nobody_asked_for_is_found_once(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    published(rig, last(rig, "customer.subscription.created"))
    later(rig)
    await rig.applied()
    async with process(rig) as one:
        assert await one.sweeping.sweep() == 1
        await until(lambda: len(snapshots(rig)) == 1)
        await rig.applied()
        assert await one.sweeping.sweep() == 0
    async with process(rig) as other:
        assert await other.sweeping.sweep() == 0


async def test_two_updates_of_one_second_that_came_to_two_processes_are_settled(rig: FeedRig) -> None:
    made = rig.merchant.subscribe(price=rig.merchant.plain)
    later(rig)
    before = len(rig.merchant.fake.events)
    for quantity in (2, 5, 3, 7):
        change = SetQuantity(made["items"]["data"][0]["id"], quantity)
        rig.merchant.engine.update_subscription(made["id"], change, proration="none")
    updates = [e for e in rig.merchant.fake.events[before:] if e["type"] == "customer.subscription.updated"]
    published(rig, updates[1], updates[3])
    later(rig)
    await rig.applied()
    async with process(rig) as one:
        assert await one.sweeping.sweep() == 1
        await until(lambda: len(snapshots(rig)) == 1)
    assert snapshots(rig)[0].version.created > rig.publisher.records[0].version.created


async def test_updates_of_one_second_that_chain_are_left_alone(rig: FeedRig) -> None:
    made = rig.merchant.subscribe(price=rig.merchant.plain)
    for quantity in (2, 5):
        change = SetQuantity(made["items"]["data"][0]["id"], quantity)
        rig.merchant.engine.update_subscription(made["id"], change, proration="none")
    published(rig, *(e for e in rig.merchant.fake.events if e["type"].startswith("customer.subscription")))
    later(rig)
    await rig.applied()
    async with process(rig) as one:
        assert await one.sweeping.sweep() == 0
