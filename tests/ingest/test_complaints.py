"""What people complain of in other engines that sync Stripe, one by one: each must fail here if it came true of us."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from prometheus_client import REGISTRY

from libs.domain.invoice import Invoice
from libs.fake_stripe.changes import RemoveItem, SetQuantity
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rendering import Renderer
from libs.runtime.held_slots import MemorySlots
from libs.runtime.read_budget import Pacing, ReadBudget
from libs.stripe_gateway import CUSTOMERS, open_account, probed
from libs.wire.stripe_event import read
from services.ingest.feed import Feed
from services.ingest.postgres_runs import INITIAL
from services.ingest.projects import ConnectedAccount
from tests.ingest.fakes import event, project
from tests.ingest.feed_rig import FeedRig, feed_rig
from tests.ingest.pipeline import Pipeline, pipeline
from tests.ingest.stripe_rig import SCOPE, shown


@pytest.fixture
async def way() -> AsyncIterator[Pipeline]:
    async with pipeline() as made:
        yield made


@pytest.fixture
async def rig(database: str) -> AsyncIterator[FeedRig]:
    async with feed_rig(database) as made:
        yield made


def later(way: Pipeline, **by: int) -> None:
    way.merchant.engine.advance_clock(way.merchant.fake.clock.moment + timedelta(**by))


def news(way: Pipeline, since: int) -> list[Json]:
    return list(way.merchant.fake.events[since:])


async def synced(rig: FeedRig) -> str:
    """An initial run; how it ended."""
    assert await rig.runs.ask("p1", "con_1", INITIAL, rig.now)
    (asked,) = await rig.unfinished()
    await rig.syncing().work(asked)
    return await rig.desk.state(asked.id)


def updated(way: Pipeline, made: Json, *quantities: int) -> list[Json]:
    """The updates of one subscription to these quantities, all in this second."""
    before, item = len(way.merchant.fake.events), made["items"]["data"][0]["id"]
    for quantity in quantities:
        way.merchant.engine.update_subscription(made["id"], SetQuantity(item, quantity), proration="none")
    return [each for each in news(way, before) if each["type"] == "customer.subscription.updated"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_01_same_second_events_keep_no_old_body(way: Pipeline, order: Sequence[int]) -> None:
    made = way.merchant.subscribe(price=way.merchant.plain)
    await way.deliver(*way.merchant.fake.events)
    events = updated(way, made, 3, 9, 2)
    assert len({each["created"] for each in events}) == 1
    await way.deliver(*(events[place] for place in order))
    assert way.worth() == way.truth() != {}


async def test_02_order_of_webhooks_does_not_matter(way: Pipeline) -> None:
    made = way.merchant.subscribe(price=way.merchant.plain)
    for quantity in (3, 9, 2):
        later(way, minutes=1)
        updated(way, made, quantity)
    await way.deliver(*reversed(way.merchant.fake.events))
    assert way.worth() == way.truth() != {}


async def test_03_late_update_revives_nothing_and_no_error_is_hidden_behind_200(way: Pipeline) -> None:
    made = way.merchant.subscribe(price=way.merchant.plain)
    later(way, minutes=1)
    (late,) = updated(way, made, 9)
    later(way, minutes=1)
    way.merchant.engine.cancel_subscription(made["id"])
    await way.deliver(*(each for each in way.merchant.fake.events if each["id"] != late["id"]), late)
    assert way.worth() == way.truth() == {}
    way.rig.publisher.is_reachable = False
    assert await way.status(event(id="evt_new")) == 503


async def test_04_duplicate_webhooks_at_once_are_harmless(way: Pipeline) -> None:
    way.merchant.subscribe(price=way.merchant.plain)
    events = way.merchant.fake.events
    await asyncio.gather(*(way.deliver(*events) for _ in range(5)))
    expected = way.truth()
    assert way.worth() == expected != {}
    before = len(way.records)
    assert {str(said.get("ignored")) for said in await way.deliver(*events)} <= {"duplicate", "type"}
    assert len(way.records) == before


async def test_05_poll_after_a_downtime_publishes_what_was_missed(way: Pipeline) -> None:
    since = way.merchant.fake.clock.moment
    later(way, hours=2)
    way.merchant.subscribe(price=way.merchant.plain)
    feed = Feed(way.rig.completing.catalogues, way.rig.publisher, way.rig.refetching.ask)
    await feed.read(way.rig.readers.open[SCOPE], SCOPE, since - timedelta(minutes=5))
    assert way.types().count("customer.subscription.created") == 1
    assert way.worth() == way.truth() != {}


async def test_06_throttled_run_is_no_success(rig: FeedRig) -> None:
    rig.merchant.subscribe()
    assert await rig.runs.ask("p1", "con_1", INITIAL, rig.now)
    (asked,) = await rig.unfinished()
    rig.merchant.fake.server.outage.mode = "rate_limit_429"
    working = asyncio.create_task(rig.syncing().work(asked))
    async with asyncio.timeout(10):
        while not any(row["last_error"] for row in (await rig.desk.resources(asked.id)).values()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert await rig.desk.state(asked.id) == "running"
    rig.merchant.fake.server.outage.mode = "none"
    await working
    assert await rig.desk.state(asked.id) == "succeeded"
    assert (await rig.desk.resources(asked.id))["subscriptions"]["rows"] == 1


async def test_07_backfill_goes_beyond_the_first_page(rig: FeedRig) -> None:
    made = {rig.merchant.customer} | {rig.merchant.engine.create_customer()["id"] for _ in range(230)}
    assert await synced(rig) == "succeeded"
    snapshots = {shown(each)["id"] for each in rig.publisher.records if each.type == "customer.snapshot"}
    assert snapshots == made


async def test_08_canceled_subscriptions_are_backfilled(rig: FeedRig) -> None:
    ended = rig.merchant.subscribe()
    rig.merchant.engine.cancel_subscription(ended["id"])
    assert await synced(rig) == "succeeded"
    (found,) = [each for each in rig.publisher.records if each.type == "subscription.snapshot"]
    assert (shown(found)["id"], shown(found)["status"]) == (ended["id"], "canceled")


async def test_09_deleted_customer_does_not_live_on(way: Pipeline) -> None:
    way.merchant.subscribe(price=way.merchant.plain)
    await way.deliver(*way.merchant.fake.events)
    assert way.worth() != {}
    before = len(way.merchant.fake.events)
    way.merchant.engine.delete_customer(way.merchant.customer)
    deleted = [each for each in news(way, before) if each["type"] == "customer.deleted"]
    await way.deliver(*deleted)  # alone: that the subscriptions ended is not told
    assert way.worth() == {}


async def test_10_more_than_ten_items_are_counted(way: Pipeline) -> None:
    way.merchant.subscribe(25, price=way.merchant.plain)
    events = way.merchant.fake.events
    await way.deliver(*(each for each in events if each["type"] == "customer.subscription.created"))
    later(way, minutes=1)
    records = await way.published(2)
    assert len(shown(records[-1])["items"]["data"]) == 25
    assert way.worth() == way.truth() != {}


async def test_11_removed_items_do_not_stay(way: Pipeline) -> None:
    made = way.merchant.subscribe(3, price=way.merchant.plain)
    before = way.truth()
    later(way, minutes=1)
    way.merchant.engine.update_subscription(made["id"], RemoveItem(made["items"]["data"][1]["id"]), proration="none")
    await way.deliver(*way.merchant.fake.events)
    assert way.worth() == way.truth() != before


@pytest.mark.parametrize("version", ["2020-03-02", "2022-11-15", "2025-03-31.basil", "2026-10-28.endive"])
async def test_12_fields_that_moved_between_api_versions_are_found(way: Pipeline, version: str) -> None:
    made = way.merchant.subscribe(price=way.merchant.plain)
    later(way, minutes=1)
    updated(way, made, 4)
    render = Renderer(way.merchant.fake.world.store, version).event
    await way.deliver(*(render(each) for each in way.merchant.fake.events))
    assert way.worth() == way.truth() != {}


async def test_12_answers_in_another_version_than_asked_for_are_read(way: Pipeline) -> None:
    way.merchant.subscribe(12)
    way.merchant.fake.server.outage.mode = "drift"
    await way.deliver(*(each for each in way.merchant.fake.events if each["type"] == "customer.subscription.created"))
    later(way, minutes=1)
    await way.published(2)
    assert way.worth() == way.truth() != {}


@pytest.mark.parametrize("version", ["2024-06-20", "2026-10-28.endive"])
async def test_13_invoice_names_its_subscription_in_every_version(way: Pipeline, version: str) -> None:
    made = way.merchant.subscribe(price=way.merchant.plain)
    paid = next(each for each in way.merchant.fake.events if each["type"] == "invoice.paid")
    await way.deliver(Renderer(way.merchant.fake.world.store, version).event(paid))
    (fact,) = read(way.records[0])
    assert isinstance(fact.content, Invoice)
    assert fact.content.subscription == made["id"]


async def test_14_sync_stays_below_the_rate_limit(way: Pipeline) -> None:
    way.merchant.fake.server.access.rate_limit = 20
    for _ in range(3000):
        way.merchant.engine.create_customer()
    async with way.merchant.served() as api:
        budget = ReadBudget(MemorySlots(), Pacing.of(20))
        async with open_account(api, "rk_test_fake", budget) as account:
            pages = [page async for page in account.pages(CUSTOMERS)]
    assert sum(len(page.objects) for page in pages) == 3001
    # A refused call is made again. One may be, where this process, the account's too, stood still for over a second.
    assert len(way.merchant.fake.server.calls) - len(pages) in (0, 1)


async def customers_read(rig: FeedRig, run: str) -> int:
    row = (await rig.desk.resources(run)).get("customers")
    return 0 if row is None else row["rows"]


async def test_15_each_page_is_committed_so_that_a_sync_comes_to_an_end(rig: FeedRig) -> None:
    for _ in range(350):
        rig.merchant.engine.create_customer()
    assert await rig.runs.ask("p1", "con_1", INITIAL, rig.now)
    (asked,) = await rig.unfinished()
    for _ in range(2):  # killed after each page that it published
        reached = len(rig.publisher.records) + 100
        working = asyncio.create_task(rig.syncing().work(asked))
        async with asyncio.timeout(10):
            while (await customers_read(rig, asked.id)) < reached - 50:  # noqa: ASYNC110 – a row tells nobody
                await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await rig.syncing().work(asked)
    assert (await rig.desk.resources(asked.id))["customers"]["rows"] == 351
    assert rig.merchant.calls("/v1/customers") <= 6  # four pages, at most one of them again for each kill


async def test_16_change_of_an_old_object_is_not_missed(way: Pipeline) -> None:
    made = way.merchant.subscribe(price=way.merchant.plain)
    await way.deliver(*way.merchant.fake.events)
    later(way, days=20)
    since = way.merchant.fake.clock.moment
    updated(way, made, 7)
    later(way, minutes=30)
    feed = Feed(way.rig.completing.catalogues, way.rig.publisher, way.rig.refetching.ask)
    await feed.read(way.rig.readers.open[SCOPE], SCOPE, since)
    assert way.worth() == way.truth() != {}


async def test_17_missing_permission_is_told_and_asks_for_no_more_than_needed(rig: FeedRig) -> None:
    few = frozenset({"account", "subscriptions", "customers", "prices", "coupons"})
    rig.merchant.fake.server.access.keys["rk_test_fake"] = few
    findings = await probed(rig.account())
    assert findings.lacking == ()
    assert {each.resource for each in findings.permissions if not each.read} >= {"invoices", "events"}
    assert await synced(rig) == "partial"
    states = {name: row["state"] for name, row in (await rig.desk.resources(await _run(rig))).items()}
    assert (states["subscriptions"], states["invoices"]) == ("succeeded", "failed")


async def _run(rig: FeedRig) -> str:
    found: str = await rig.desk.connection.fetchval("SELECT id FROM sync_runs")
    return found


async def test_18_second_account_and_second_project_keep_to_themselves(way: Pipeline) -> None:
    two = ConnectedAccount("acct_1", livemode=False), ConnectedAccount("acct_2", livemode=False)
    way.projects.by_id = {"p1": project(accounts=two), "p2": project("p2", b"whsec_2")}
    await way.deliver(event(id="evt_1", account="acct_1"), event(id="evt_2", account="acct_2"))
    assert [record.account for record in way.records] == ["acct_1", "acct_2"]
    (said,) = await way.deliver(event(id="evt_3", account="acct_3"))
    assert said["ignored"] == "foreign_account"
    assert await way.status(event(id="evt_4"), "p2") == 400  # signed with the first project's secret
    assert len(way.records) == 2


async def test_19_unknown_types_are_acknowledged_and_counted(way: Pipeline) -> None:
    name, labels = "revstream_webhooks_ignored_total", {"reason": "type"}
    before = REGISTRY.get_sample_value(name, labels) or 0
    made_up = {"id": "x_1", "object": "made_up.thing"}
    (said,) = await way.deliver(event("made_up.thing.created", data={"object": made_up}))
    assert said == {"received": True, "ignored": "type"}
    assert REGISTRY.get_sample_value(name, labels) == before + 1
    assert way.records == []
