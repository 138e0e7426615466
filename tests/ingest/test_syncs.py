"""Syncs on PostgreSQL against the fake Stripe: from a connection's row to published snapshots."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from libs.fake_stripe.rest.outage import Mode
from libs.runtime.crypto import Keyring, generate_key
from libs.stripe_gateway import Listing, Page, StripeAccount, StripeApi
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Catalogue
from services.ingest.catalogue_store import CatalogueStore
from services.ingest.catalogues import Catalogues
from services.ingest.comparing import Comparing
from services.ingest.completing import Completing
from services.ingest.feed import Feed
from services.ingest.plans import plan_of
from services.ingest.postgres_drift import Drift
from services.ingest.postgres_known import Known
from services.ingest.postgres_runs import Run, Runs
from services.ingest.stripe_side import StripeSide, stripe_side
from services.ingest.syncing import Syncing
from tests.ingest.desk import KEY, Desk, opened_desk
from tests.ingest.fakes import MemoryPublisher
from tests.ingest.stripe_rig import SCOPE, MemoryReaders, shown
from tests.stripe_gateway.merchants import Merchant
from tests.waiting import until

STATE = ("prices", "coupons", "subscriptions", "customers")


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with opened_desk(database) as made:
        yield made


@pytest.fixture
def merchant() -> Merchant:
    return Merchant()


@asynccontextmanager
async def working(desk: Desk, api: StripeApi, publisher: MemoryPublisher) -> AsyncIterator[StripeSide]:
    """Ingest's side to Stripe, told of changes as often as it looks."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(stripe_side(api, desk.store, publisher))


def by_kind(records: list[StripeRecord], kind: str) -> dict[str, StripeRecord]:
    found = {str(shown(each)["id"]): each for each in records if each.type == f"{kind}.snapshot"}
    assert all(each.source == "snapshot" for each in found.values())
    return found


async def test_everything_comes_out_complete(desk: Desk, merchant: Merchant) -> None:
    large = merchant.subscribe(12, merchant.coupon)
    ended = merchant.subscribe()
    merchant.engine.cancel_subscription(ended["id"])
    publisher = MemoryPublisher()
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api, working(desk, api, publisher):
        assert await desk.finished() == "succeeded"
    found = by_kind(publisher.records, "subscription")
    assert found.keys() == {large["id"], ended["id"]}
    assert all(each.incomplete == () for each in publisher.records if each.source == "snapshot")
    assert {each.project for each in publisher.records} == {"p1"}
    whole = shown(found[large["id"]])
    assert len(whole["items"]["data"]) == 12
    assert len(whole["items"]["data"][0]["price"]["tiers"]) == 2
    assert whole["discounts"][0]["source"]["coupon"]["applies_to"] == {"products": [merchant.product]}
    assert by_kind(publisher.records, "customer").keys() == {merchant.customer}
    counts = {name: (row["state"], row["rows"], row["pages"]) for name, row in (await desk.resources()).items()}
    assert counts["subscriptions"] == ("succeeded", 2, 1)
    assert counts["customers"] == ("succeeded", 1, 1)
    # The account, one page of each list, one of the items beyond the tenth.
    assert list(counts) == [*STATE, "products", "invoices", "refunds", "disputes", "events"]
    assert len(merchant.fake.server.calls) == 11


async def test_payments_come_with_their_customer(desk: Desk, merchant: Merchant) -> None:
    """A dispute names its charge alone, and that the customer."""
    merchant.subscribe()
    charge = merchant.fake.objects("charge")[0]["id"]
    refund, dispute = merchant.engine.refund(charge, 100)["id"], merchant.engine.open_dispute(charge)["id"]
    publisher = MemoryPublisher()
    await desk.connect()
    await desk.ask(at=merchant.fake.clock.moment)
    async with merchant.served() as api, working(desk, api, publisher):
        assert await desk.finished() == "succeeded"
    found = {**by_kind(publisher.records, "refund"), **by_kind(publisher.records, "dispute")}
    assert {name: record.customer for name, record in found.items()} == dict.fromkeys(
        (refund, dispute), merchant.customer
    )
    assert shown(found[dispute])["charge"] == charge
    invoice = merchant.fake.objects("invoice")[0]["id"]
    assert by_kind(publisher.records, "invoice")[invoice].customer == merchant.customer
    assert by_kind(publisher.records, "product").keys() >= {merchant.product}


async def test_each_mode_reads_what_it_says(desk: Desk) -> None:
    at = datetime(2025, 6, 1, tzinfo=UTC)
    await desk.connect()
    read = {}
    for mode in ("initial", "full", "recent", "reconcile"):
        run = Run("p1", "syn_1", "con_1", SCOPE, mode, at, is_active=True, error=None)
        read[mode] = {name: listing.since for name, listing in plan_of(run).items()}
    whole, quarter, week = dict.fromkeys(STATE), at - timedelta(days=90), at - timedelta(days=7)
    paid = ("invoices", "refunds", "disputes")
    assert read["initial"] == {**whole, "products": None, **dict.fromkeys(paid, quarter), "events": None}
    assert read["full"] == {**whole, "products": None, **dict.fromkeys(paid), "events": None}
    assert read["recent"] == dict.fromkeys(("events", "subscriptions", "customers", *paid), week)
    assert read["reconcile"] == whole


async def test_killed_run_goes_on_at_the_page_where_it_was(desk: Desk, merchant: Merchant) -> None:
    made = {merchant.customer} | {merchant.engine.create_customer()["id"] for _ in range(430)}
    publisher = MemoryPublisher()
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api:
        slow = replace(api, reads_per_second=20)
        async with working(desk, slow, publisher):
            await until(lambda: len(publisher.records) >= 200)
        first = await desk.resources()
        assert await desk.state() == "running"
        async with working(desk, slow, publisher):
            assert await desk.finished() == "succeeded"
    assert first["customers"]["pages"] in (1, 2, 3)
    assert by_kind(publisher.records, "customer").keys() == made
    assert merchant.calls("/v1/customers") <= 6  # five pages, at most one of them twice
    assert merchant.calls("/v1/prices") == 1
    last = (await desk.resources())["customers"]
    assert (last["rows"], last["pages"]) == (431, 5)


async def test_cursor_whose_object_is_gone_starts_the_resource_again(desk: Desk, merchant: Merchant) -> None:
    publisher = MemoryPublisher()
    await desk.connect()
    await desk.ask()
    await desk.connection.execute(
        "INSERT INTO sync_resources (project, run, name, place, state, rows, pages, cursor)"
        " VALUES ('p1', 'syn_1', 'customers', 3, 'running', 100, 1, 'cus_gone')"
    )
    async with merchant.served() as api, working(desk, api, publisher):
        assert await desk.finished() == "succeeded"
    row = (await desk.resources())["customers"]
    assert (row["rows"], row["pages"]) == (1, 1)


@pytest.mark.parametrize("mode", ["error_500", "rate_limit_429", "cut_body"])
async def test_stripe_away_for_a_while_is_told_and_passes(desk: Desk, merchant: Merchant, mode: Mode) -> None:
    outage = merchant.fake.server.outage
    outage.mode, outage.calls = mode, 3  # as many as one call is tried
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api, working(desk, api, MemoryPublisher()):
        async with asyncio.timeout(10):
            while not any(row["last_error"] for row in (await desk.resources()).values()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await desk.finished() == "succeeded"
    assert all(row["last_error"] is None for row in (await desk.resources()).values())


async def test_resource_that_may_not_be_read_makes_the_run_partial(desk: Desk, merchant: Merchant) -> None:
    merchant.fake.server.access.keys[KEY] = frozenset({"subscriptions", "prices", "coupons", "invoices"})
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api, working(desk, api, MemoryPublisher()):
        assert await desk.finished() == "partial"
    resources = await desk.resources()
    assert {name for name, row in resources.items() if row["state"] == "failed"} == {
        "customers", "products", "refunds", "disputes", "events"
    }  # fmt: skip
    assert resources["invoices"]["state"] == "succeeded"
    error = orjson.loads(resources["customers"]["last_error"])
    assert error["code"] == "permission_missing"
    assert error["stripe_request_id"]


async def test_refused_key_ends_the_run_and_a_new_one_starts_afresh(desk: Desk, merchant: Merchant) -> None:
    await desk.connect("rk_test_gone")
    await desk.ask()
    async with merchant.served() as api, working(desk, api, MemoryPublisher()) as side:
        assert await desk.finished() == "failed"
        assert (await desk.said("connections", "con_1"))[0] == "error"
        assert (await desk.said("sync_runs", "syn_1"))[1]["code"] == "key_refused"
        assert len(merchant.fake.server.calls) <= 3
        await desk.connect()
        await desk.ask("syn_2")
        side.tell_changed()
        assert await desk.finished("syn_2") == "succeeded"


async def test_key_that_does_not_decrypt_is_an_error_of_its_connection(desk: Desk, merchant: Merchant) -> None:
    await desk.connect(keys=Keyring.parse(generate_key()))
    await desk.ask()
    async with merchant.served() as api, working(desk, api, MemoryPublisher()):
        assert await desk.finished() == "failed"
    for table, row in (("connections", "con_1"), ("sync_runs", "syn_1")):
        assert (await desk.said(table, row))[1]["code"] == "credential_unreadable"


async def test_broker_away_stops_the_cursor_not_the_run(desk: Desk, merchant: Merchant) -> None:
    publisher = MemoryPublisher()
    publisher.is_reachable = False
    merchant.subscribe()
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api, working(desk, api, publisher):
        await until(lambda: merchant.calls("/v1/subscriptions") == 1)
        assert (await desk.resources())["subscriptions"]["pages"] == 0
        publisher.is_reachable = True
        assert await desk.finished() == "succeeded"
    assert len(by_kind(publisher.records, "subscription")) == 1


class Poisoned(StripeAccount):
    """An account in which one object of each list holds a number beyond 64 bits, and a name half a character."""

    def __init__(self) -> None:
        pass

    async def opened_at(self) -> datetime | None:
        return None

    async def page(self, listing: Listing, after: str | None = None) -> Page:
        kind = listing.resource.removesuffix("s")
        terms: dict[str, object] = {"object": kind, "duration": "forever", "name": "\ud800"}
        poison = {**terms, "id": "poison", "amount_off": 2**70, "balance": 2**70, "created": 2**70, "tiers": [2**70]}
        return Page((poison, {**terms, "id": "good"}), datetime(2026, 1, 1, tzinfo=UTC))


async def test_poison_in_one_object_stops_no_other(desk: Desk) -> None:
    await desk.connect()
    await desk.ask()
    runs, publisher, catalogues = Runs(desk.store.pool), MemoryPublisher(), Catalogues()
    feed = Feed(catalogues, publisher, lambda _scope, _record: None)
    completing, pool_of_test = Completing(catalogues), desk.store.pool
    comparing = Comparing(Known(pool_of_test), Drift(pool_of_test), completing, publisher)
    learned = CatalogueStore(pool_of_test, catalogues)
    syncing = Syncing(runs, MemoryReaders({SCOPE: Poisoned()}), completing, feed, comparing, learned)
    (run,) = await runs.unfinished()
    await syncing.work(run)
    assert await desk.state() == "succeeded"
    assert "good" in by_kind(publisher.records, "customer")
    assert "good" in catalogues.of(SCOPE).coupons
    assert catalogues.news() == {}


async def test_two_processes_read_an_account_once(desk: Desk, merchant: Merchant) -> None:
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api, working(desk, api, MemoryPublisher()), working(desk, api, MemoryPublisher()):
        assert await desk.finished() == "succeeded"
    assert len(merchant.fake.server.calls) == 10


async def test_catalogue_is_known_at_once_after_a_restart(desk: Desk, merchant: Merchant) -> None:
    await desk.connect()
    await desk.ask()
    async with merchant.served() as api, working(desk, api, MemoryPublisher()) as side:
        await desk.finished()
        learned: Catalogue = side.catalogues.of(SCOPE)
    restarted = Catalogues()
    assert await CatalogueStore(desk.store.pool, restarted).load()
    assert restarted.of(SCOPE) == learned
    assert restarted.of(SCOPE).coupons[merchant.coupon]["applies_to"] == {"products": [merchant.product]}
    assert restarted.of(("p1", SCOPE[1], True)) == Catalogue()


async def test_a_run_that_was_called_off_stays_so_and_the_next_one_is_whole(desk: Desk, merchant: Merchant) -> None:
    merchant.subscribe()
    await desk.connect()
    await desk.ask()
    merchant.fake.server.outage.mode = "error_500"
    async with merchant.served() as api, working(desk, api, MemoryPublisher()) as side:
        await until(lambda: len(merchant.fake.server.calls) > 0)
        await desk.connection.execute("UPDATE connections SET state = 'disconnected', credential = NULL")
        await desk.connection.execute("UPDATE sync_runs SET state = 'cancelled', finished_at = now()")
        side.tell_changed()
        merchant.fake.server.outage.mode = "none"
        await desk.connect()
        await desk.ask("syn_2")
        side.tell_changed()
        assert await desk.finished("syn_2") == "succeeded"
    assert await desk.state() == "cancelled"
