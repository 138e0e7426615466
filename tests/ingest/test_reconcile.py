"""What changed behind the stream's back, on PostgreSQL against the fake Stripe."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import orjson
import pytest
from prometheus_client import REGISTRY

from libs.domain.customer import Customer
from libs.domain.subscription import Subscription
from libs.fake_stripe.changes import SetQuantity
from libs.stripe_gateway import SUBSCRIPTIONS
from services.ingest.nightly import Nightly
from services.ingest.postgres_drift import Drift
from services.ingest.postgres_known import Known
from services.ingest.postgres_runs import FULL, INITIAL, RECONCILE
from tests.ingest.feed_rig import FeedRig, feed_rig
from tests.ingest.stripe_rig import SCOPE, shown


@pytest.fixture
async def rig(database: str) -> AsyncIterator[FeedRig]:
    async with feed_rig(database) as made:
        yield made


@contextmanager
def in_silence(rig: FeedRig) -> Iterator[None]:
    """What happens inside makes no events."""
    world = rig.merchant.fake.world
    before = world.settings
    world.settings = replace(before, event_types=())
    world._wanted.clear()
    try:
        yield
    finally:
        world.settings = before
        world._wanted.clear()


def later(rig: FeedRig, **by: int) -> None:
    rig.merchant.engine.advance_clock(rig.now + timedelta(**by))


async def run(rig: FeedRig, mode: str) -> str:
    """Do a run of this mode; how it ended."""
    later(rig, minutes=1)
    assert await rig.runs.ask("p1", "con_1", mode, rig.now)
    (asked,) = await rig.unfinished()
    await rig.syncing().work(asked)
    return await rig.desk.state(asked.id)


async def known(rig: FeedRig) -> None:
    """The streams know the account as it is."""
    assert await run(rig, INITIAL) == "succeeded"
    await rig.applied()
    rig.publisher.records.clear()
    later(rig, minutes=1)
    await rig.applied()


async def reconciled(rig: FeedRig) -> dict[str, Any]:
    """Compare, let the read model take in what came of it; the report."""
    later(rig, minutes=1)
    await rig.desk.connection.execute("UPDATE read_model_state SET as_of = $1", rig.now + timedelta(hours=1))
    assert await run(rig, RECONCILE) == "succeeded"
    await rig.applied()
    row = await rig.desk.connection.fetchrow("SELECT * FROM drift_reports ORDER BY checked_at DESC LIMIT 1")
    assert row is not None
    return {**row, "objects": orjson.loads(row["objects"])}


def what(report: dict[str, Any]) -> dict[str, list[str]]:
    return {each["id"]: each["what"] for each in report["objects"]}


async def test_nothing_changed_nothing_found(rig: FeedRig) -> None:
    rig.merchant.subscribe(12, rig.merchant.coupon)
    await known(rig)
    report = await reconciled(rig)
    assert (report["found"], report["fixed"], report["objects"]) == (0, 0, [])
    assert rig.publisher.records == []


async def test_what_events_told_is_no_drift(rig: FeedRig) -> None:
    """Whatever the shape in which it was told: events hold ids where lists hold objects."""
    made = rig.merchant.subscribe(3, rig.merchant.coupon)
    rig.merchant.engine.update_subscription(made["id"], SetQuantity(made["items"]["data"][0]["id"], 3))
    rig.merchant.engine.cancel_subscription(rig.merchant.subscribe()["id"])
    gone = rig.merchant.engine.create_customer("gone@customer.example")["id"]
    rig.merchant.subscribe(customer=gone)
    rig.merchant.engine.delete_customer(gone)
    later(rig, days=40)
    for event in reversed(list(rig.merchant.fake.events)):
        await rig.feed().publish(SCOPE, [event])
    await rig.applied()
    rig.publisher.records.clear()
    report = await reconciled(rig)
    assert (report["found"], what(report)) == (0, {})


async def test_fifty_changes_behind_the_back_are_found_and_fixed(rig: FeedRig) -> None:
    customers = [rig.merchant.engine.create_customer(f"c{n}@customer.example")["id"] for n in range(60)]
    subscriptions = [rig.merchant.subscribe(customer=customer) for customer in customers[:40]]
    await known(rig)
    with in_silence(rig):
        for made in subscriptions[:15]:
            rig.merchant.engine.update_subscription(made["id"], SetQuantity(made["items"]["data"][0]["id"], 3))
        for made in subscriptions[15:25]:
            rig.merchant.engine.cancel_subscription(made["id"])
        for customer in customers[40:50]:
            rig.merchant.engine.update_customer(customer, email=f"new-{customer}@customer.example")
        deleted = customers[50:55]
        for customer in deleted:
            rig.merchant.engine.delete_customer(customer)
        born = [rig.merchant.subscribe(customer=customer)["id"] for customer in customers[25:35]]
    counted = REGISTRY.get_sample_value("revstream_drift_found_total", {"resource": "customer"}) or 0
    report = await reconciled(rig)
    assert (report["found"], report["fixed"]) == (50, 50)
    told = what(report)
    assert "items" in told[subscriptions[0]["id"]]
    assert "status" in told[subscriptions[15]["id"]]
    assert told[customers[40]] == ["email"]
    assert all(told[each] == ["missing"] for each in born)
    assert all(told[each] == ["deleted"] for each in deleted)
    assert REGISTRY.get_sample_value("revstream_drift_found_total", {"resource": "customer"}) == counted + 15
    assert {shown(each)["id"] for each in rig.publisher.records} == set(told)
    assert all(each.source == "snapshot" for each in rig.publisher.records)
    again = await reconciled(rig)
    assert (again["found"], again["fixed"]) == (0, 0)


async def test_objects_that_vanished_without_a_trace_are_told_as_ended(rig: FeedRig) -> None:
    """As when a test clock is deleted: Stripe answers 404 for what was on it."""
    customer = rig.merchant.engine.create_customer("clock@customer.example")["id"]
    made = rig.merchant.subscribe(customer=customer)["id"]
    await known(rig)
    store = rig.merchant.fake.world.store
    for kind, identifier in (("subscription", made), ("customer", customer)):
        store.forget(kind, identifier)
        store._forgotten[kind].pop(identifier)
    report = await reconciled(rig)
    assert (report["found"], report["fixed"]) == (2, 2)
    newest = await Known(rig.desk.store.pool).newest(SCOPE, [(customer, made), (customer, customer)])
    ended, deleted = newest[made][0].content, newest[customer][0].content
    assert isinstance(ended, Subscription)
    assert (ended.status, ended.ended_at is not None) == ("canceled", True)
    assert isinstance(deleted, Customer)
    assert deleted.deleted
    assert (await reconciled(rig))["found"] == 0


async def test_what_is_still_on_its_way_is_no_drift(rig: FeedRig) -> None:
    made = rig.merchant.subscribe()
    await known(rig)
    rig.merchant.engine.update_subscription(made["id"], SetQuantity(made["items"]["data"][0]["id"], 5))
    await rig.feed().publish(SCOPE, list(reversed(rig.merchant.fake.events)))
    later(rig, minutes=1)
    await rig.runs.ask("p1", "con_1", RECONCILE, rig.now)
    (asked,) = await rig.unfinished()
    comparison = rig.syncing().comparing.of(asked)
    page = await rig.account().page(SUBSCRIPTIONS)
    await comparison.take(rig.account(), page)
    assert len(comparison.held) == 1
    await rig.applied()
    before = len(rig.publisher.records)
    await comparison.settle()
    assert len(rig.publisher.records) == before
    row = await rig.desk.connection.fetchrow("SELECT found FROM drift_reports")
    assert row is not None
    assert row["found"] == 0


async def test_events_of_an_account_that_was_not_clear_are_known_too(rig: FeedRig) -> None:
    """Webhooks that came before the account was connected are kept under `self`."""
    rig.merchant.subscribe()
    later(rig, minutes=1)
    await rig.feed().publish(SCOPE, list(reversed(rig.merchant.fake.events)))
    rig.publisher.records[:] = [msgspec.structs.replace(each, account="self") for each in rig.publisher.records]
    await rig.applied()
    rig.publisher.records.clear()
    assert what(await reconciled(rig)) == {}


async def test_without_a_current_read_model_nothing_is_told(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    await known(rig)
    with in_silence(rig):
        rig.merchant.engine.create_customer("unknown@customer.example")
    rig.publisher.records.clear()
    assert await run(rig, RECONCILE) == "failed"
    error = await rig.desk.connection.fetchval("SELECT error FROM sync_runs WHERE mode = 'reconcile'")
    assert orjson.loads(error)["code"] == "read_model_behind"
    assert rig.publisher.records == []


async def test_list_that_may_not_be_read_makes_nothing_vanish(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    await known(rig)
    rig.merchant.fake.server.access.keys["rk_test_fake"] = frozenset({"subscriptions", "prices", "coupons"})
    assert await run(rig, RECONCILE) == "partial"
    assert rig.publisher.records == []


async def test_each_night_one_comparison(rig: FeedRig) -> None:
    nightly = Nightly(Drift(rig.desk.store.pool), rig.runs, lambda: rig.now)
    later(rig, hours=1, minutes=59)
    assert await nightly.due() == []
    for _ in range(3):
        later(rig, hours=4)
        (subject,) = await nightly.due()
        await nightly.work(subject)
        assert [each.mode for each in await rig.unfinished()] == [RECONCILE]
        assert await nightly.due() == []
        await rig.ended()
        later(rig, hours=20)
        assert await nightly.due() == []


async def test_comparison_waits_for_a_sync_that_is_not_over(rig: FeedRig) -> None:
    nightly = Nightly(Drift(rig.desk.store.pool), rig.runs, lambda: rig.now)
    await rig.runs.ask("p1", "con_1", FULL, rig.now)
    later(rig, hours=6)
    (subject,) = await nightly.due()
    await nightly.work(subject)
    assert [each.mode for each in await rig.unfinished()] == [FULL]
    await rig.ended()
    (subject,) = await nightly.due()
    await nightly.work(subject)
    assert [each.mode for each in await rig.unfinished()] == [RECONCILE]
