"""Events that no webhook brought, on PostgreSQL against the fake Stripe."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.outage import Mode
from libs.wire.stripe_event import is_published
from services.ingest.clock import utc_now
from services.ingest.polling import Polling
from services.ingest.postgres_runs import FULL, RECENT, RECONCILE
from services.ingest.seen_events import SeenEvents
from services.ingest.stripe_side import stripe_side
from tests.ingest.feed_rig import FeedRig, feed_rig
from tests.ingest.stripe_rig import SCOPE, shown
from tests.waiting import until

HALF_AN_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)
OPEN_RUNS = "SELECT FROM sync_runs WHERE state IN ('queued', 'running')"


@pytest.fixture
async def rig(database: str) -> AsyncIterator[FeedRig]:
    async with feed_rig(database) as made:
        yield made


def told(events: list[Json]) -> list[str]:
    """The ids of the events that are published, as they came about."""
    return [each["id"] for each in events if is_published(each["type"])]


def published(rig: FeedRig) -> list[str | None]:
    return [record.event_id for record in rig.publisher.records]


async def look(polling: Polling) -> int:
    """Do what is due; how much that was."""
    subjects = await polling.due()
    for subject in subjects:
        await polling.work(subject)
    return len(subjects)


async def cursor(rig: FeedRig) -> dict[str, Any]:
    row = await rig.desk.connection.fetchrow("SELECT * FROM event_cursors")
    return {} if row is None else dict(row)


def advance(rig: FeedRig, by: timedelta) -> None:
    rig.merchant.engine.advance_clock(rig.now + by)


async def test_without_webhooks_every_event_comes_once_oldest_first(rig: FeedRig) -> None:
    for _ in range(4):
        subscription = rig.merchant.subscribe()
        advance(rig, HALF_AN_HOUR)
        item = subscription["items"]["data"][0]["id"]
        for quantity in range(2, 32):
            rig.merchant.engine.update_subscription(subscription["id"], SetQuantity(item, quantity))
    polling = rig.polling()
    advance(rig, 3 * HALF_AN_HOUR)
    assert await look(polling) == 1
    assert len(published(rig)) > 100
    assert published(rig) == told(list(rig.merchant.fake.events))
    assert {record.source for record in rig.publisher.records} == {"events_api"}
    assert all(record.project == "p1" and record.account == SCOPE[1] for record in rig.publisher.records)
    found = await cursor(rig)
    assert (found["polled_until"], found["last_success_at"], found["last_error"]) == (rig.now, rig.now, None)


async def test_poll_is_due_by_the_schedule_and_reads_what_is_new(rig: FeedRig) -> None:
    polling = rig.polling()
    assert await look(polling) == 0
    advance(rig, timedelta(hours=10))  # New Year's Day 2025, a Wednesday, ten o'clock
    assert await look(polling) == 1
    advance(rig, HALF_AN_HOUR - timedelta(seconds=1))
    assert await look(polling) == 0
    before = len(rig.publisher.records)
    made = rig.merchant.subscribe()
    advance(rig, timedelta(seconds=1))
    assert await look(polling) == 1
    assert made["id"] in [shown(record)["id"] for record in rig.publisher.records[before:]]
    assert await look(polling) == 0


async def test_time_zone_of_the_project_decides(rig: FeedRig) -> None:
    add = "INSERT INTO project_settings (project, version, preset, policy) VALUES ('p1', 1, 'default', $1)"
    await rig.desk.connection.execute(add, orjson.dumps({"timezone": "Asia/Tokyo"}).decode())
    polling = rig.polling()
    advance(rig, HALF_AN_HOUR)  # half past midnight by UTC, half past nine in Tokyo
    assert await look(polling) == 1


async def test_cursor_survives_a_restart_and_overlaps_by_five_minutes(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    advance(rig, 7 * HALF_AN_HOUR)
    before = len(rig.merchant.fake.events)
    rig.merchant.engine.create_customer("late@customer.example")
    late = told(list(rig.merchant.fake.events)[before:])
    assert await look(rig.polling()) == 1
    first = published(rig)
    rig.publisher.records.clear()
    rig.merchant.engine.create_customer("later@customer.example")
    advance(rig, 7 * HALF_AN_HOUR)
    assert await look(rig.polling()) == 1
    again = [event for event in published(rig) if event in first]
    assert sorted(again, key=str) == sorted(late)  # within the overlap, unknown to a process that has just started
    assert sorted({*first, *published(rig)}, key=str) == sorted(told(list(rig.merchant.fake.events)))


async def test_what_webhooks_brought_is_not_published_again(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    polling = rig.polling()
    brought = told(list(rig.merchant.fake.events))[:-1]
    for event in brought:
        polling.feed.seen.add("p1", event)
    advance(rig, 7 * HALF_AN_HOUR)
    await look(polling)
    assert not set(published(rig)) & set(brought)
    assert len(published(rig)) >= 1


@pytest.mark.parametrize("days", [28, 29, 31, 400])
async def test_gap_that_stripe_does_not_remember_asks_for_everything(rig: FeedRig, days: int) -> None:
    advance(rig, 7 * HALF_AN_HOUR)
    await look(rig.polling())
    rig.publisher.records.clear()
    advance(rig, days * DAY)
    rig.merchant.engine.create_customer("new@customer.example")
    polling = rig.polling()
    assert await look(polling) == 1
    assert [run.mode for run in await rig.unfinished()] == ([FULL] if days > 29 else [])
    assert (await cursor(rig))["polled_until"] == rig.now
    assert published(rig)[-1:] == told(list(rig.merchant.fake.events))[-1:]
    assert await look(polling) == 0


async def test_full_run_waits_for_a_recent_one(rig: FeedRig) -> None:
    await rig.runs.ask("p1", "con_1", RECENT, rig.now)
    advance(rig, 31 * DAY)
    polling = rig.polling()
    assert await look(polling) == 1
    assert (await cursor(rig))["polled_until"] is None
    await rig.ended()
    advance(rig, timedelta(minutes=2))
    assert await look(polling) == 1
    assert [run.mode for run in await rig.unfinished()] == [FULL]


@pytest.mark.parametrize(("mode", "code"), [("error_500", "stripe_unavailable"), ("cut_body", "stripe_unavailable")])
async def test_fault_is_noted_and_leaves_the_cursor(rig: FeedRig, mode: Mode, code: str) -> None:
    polling = rig.polling()
    advance(rig, 7 * HALF_AN_HOUR)
    rig.merchant.fake.server.outage.mode = mode
    assert await look(polling) == 1
    found = await cursor(rig)
    assert (found["polled_until"], found["last_success_at"]) == (None, None)
    assert orjson.loads(found["last_error"])["code"] == code
    assert await look(polling) == 0
    rig.merchant.fake.server.outage.mode = "none"
    advance(rig, timedelta(minutes=1))
    assert await look(polling) == 1
    assert (await cursor(rig))["last_error"] is None


async def test_lacking_permission_is_told_with_stripes_request(rig: FeedRig) -> None:
    rig.merchant.fake.server.access.keys["rk_test_fake"] = frozenset({"subscriptions"})
    advance(rig, 7 * HALF_AN_HOUR)
    polling = rig.polling()
    assert await look(polling) == 1
    error = orjson.loads((await cursor(rig))["last_error"])
    assert error["code"] == "permission_missing"
    assert "events" in error["message"]
    assert error["stripe_request_id"].startswith("req_")
    assert await look(polling) == 0


async def test_clock_that_was_set_back_does_not_stop_polling(rig: FeedRig) -> None:
    advance(rig, 7 * HALF_AN_HOUR)
    polling = rig.polling()
    await look(polling)
    await rig.desk.connection.execute("UPDATE event_cursors SET last_success_at = $1", rig.now + 300 * DAY)
    assert await look(polling) == 1
    assert await look(polling) == 0


async def test_recent_run_reads_the_last_seven_days(rig: FeedRig) -> None:
    old = rig.merchant.subscribe()
    advance(rig, 10 * DAY)
    new = rig.merchant.subscribe()
    before = told(list(rig.merchant.fake.events))
    assert await rig.runs.ask("p1", "con_1", RECENT, rig.now)
    (run,) = await rig.unfinished()
    await rig.syncing().work(run)
    state, told_error = await rig.desk.said("sync_runs", run.id)
    assert (state, told_error) == ("succeeded", None)
    snapshots = {shown(each)["id"] for each in rig.publisher.records if each.type == "subscription.snapshot"}
    assert snapshots == {new["id"]}
    events = [event for event in published(rig) if event is not None]
    assert events == before[-len(events) :]
    assert old["id"] not in {shown(each)["id"] for each in rig.publisher.records if each.event_id is None}
    assert list(await rig.desk.resources(run.id))[:3] == ["events", "subscriptions", "customers"]


async def test_ingest_polls_by_itself_and_makes_up_for_a_long_gap(rig: FeedRig) -> None:
    """The fake lives in 2025 and ingest goes by this machine's clock: no event is left that could tell of the time."""
    made = rig.merchant.subscribe()
    await rig.runs.ask("p1", "con_1", RECONCILE, utc_now())  # tonight's comparison is over
    await rig.ended()
    async with stripe_side(rig.api, rig.desk.store, rig.publisher):
        await until(lambda: made["id"] in {shown(record)["id"] for record in rig.publisher.records})
        async with asyncio.timeout(10):
            while (await rig.desk.connection.fetch(OPEN_RUNS)) or not await cursor(rig):  # noqa: ASYNC110 – rows
                await asyncio.sleep(0.02)
    assert await rig.desk.connection.fetchval("SELECT state FROM sync_runs WHERE mode = 'full'") == "succeeded"
    found = await cursor(rig)
    assert (found["polled_until"], found["last_error"]) == (rig.now, None)


def test_memory_of_events_is_bounded() -> None:
    seen = SeenEvents(most=10)
    for number in range(100):
        seen.add("p1", f"evt_{number}")
        assert ("p1", f"evt_{number}") in seen
    remembered = [number for number in range(100) if ("p1", f"evt_{number}") in seen]
    assert 10 <= len(remembered) <= 20
    assert remembered[-10:] == list(range(90, 100))
    assert ("p2", "evt_99") not in seen
