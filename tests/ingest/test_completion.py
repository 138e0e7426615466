"""What a webhook can't show is read at Stripe beside it and published as a snapshot."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.outage import Mode
from services.ingest.bucket import Buckets
from services.ingest.edge import Address, EdgeLimits, public_site
from services.ingest.projects import ConnectedAccount
from services.ingest.webhook import Doorkeeper, Webhook
from tests.ingest.fakes import NOW, MemoryProjects, body_of, project, signature
from tests.ingest.rig import PLENTY
from tests.ingest.stripe_rig import SCOPE, StripeRig, shown, stripe_rig


@pytest.fixture
async def rig() -> AsyncIterator[StripeRig]:
    async with stripe_rig() as made:
        yield made


def last(rig: StripeRig, event_type: str) -> Json:
    found: Json = next(each for each in reversed(rig.merchant.fake.events) if each["type"] == event_type)
    return found


def first_price(subscription: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = subscription["items"]["data"][0]["price"]
    return found


async def test_webhook_is_answered_first_and_completed_after(rig: StripeRig) -> None:
    made = rig.merchant.subscribe(12, rig.merchant.coupon)
    at_home = project(accounts=(ConnectedAccount(SCOPE[1], SCOPE[2]),))
    handler = Webhook(
        MemoryProjects({"p1": at_home}),
        rig.publisher,
        Doorkeeper(Buckets(PLENTY)),
        catalogues=rig.completing.catalogues,
        clock=lambda: NOW,
        lacking=rig.refetching.ask,
    )
    body = body_of(last(rig, "customer.subscription.created"))
    async with public_site(handler, Address("127.0.0.1", 0), EdgeLimits()) as port, ClientSession() as session:
        url = f"http://127.0.0.1:{port}/webhooks/stripe/p1"
        async with session.post(url, data=body, headers={"Stripe-Signature": signature(body)}) as answer:
            assert answer.status == 200
    event, snapshot = await rig.snapshots(2)
    assert {gap.partition(":")[0] for gap in event.incomplete} >= {"items", "tiers"}
    assert (snapshot.source, snapshot.type, snapshot.incomplete) == ("snapshot", "subscription.snapshot", ())
    assert snapshot.version.created == datetime.fromtimestamp(rig.merchant.fake.clock.now, UTC)
    whole = shown(snapshot)
    assert whole["id"] == made["id"]
    assert len(whole["items"]["data"]) == 12
    assert len(first_price(whole)["tiers"]) == 2
    assert whole["discounts"][0]["source"]["coupon"]["applies_to"] == {"products": [rig.merchant.product]}


async def test_what_was_learned_completes_the_next_webhook_at_once(rig: StripeRig) -> None:
    rig.merchant.subscribe(1, rig.merchant.coupon)
    rig.refetching.ask(SCOPE, rig.incomplete(last(rig, "customer.subscription.created")))
    await rig.snapshots(1)
    other = rig.merchant.engine.create_customer()["id"]
    rig.merchant.subscribe(1, customer=other)
    record = rig.incomplete(last(rig, "customer.subscription.created"))
    assert record.incomplete == ()
    assert len(first_price(shown(record))["tiers"]) == 2


async def test_object_asked_for_many_times_is_read_few_times(rig: StripeRig) -> None:
    made = rig.merchant.subscribe()
    record = rig.incomplete(last(rig, "customer.subscription.created"))
    for _ in range(50):
        rig.refetching.ask(SCOPE, record)
    await rig.snapshots(1)
    assert rig.merchant.calls(f"/v1/subscriptions/{made['id']}") <= 2


async def test_discount_is_completed_through_what_it_is_on(rig: StripeRig) -> None:
    rig.merchant.engine.discount_customer(rig.merchant.customer, rig.merchant.coupon)
    record = rig.incomplete(last(rig, "customer.discount.created"))
    assert record.incomplete == (f"coupon:{rig.merchant.coupon}",)
    rig.refetching.ask(SCOPE, record)
    (snapshot,) = await rig.snapshots(1)
    assert (snapshot.type, snapshot.incomplete) == ("customer.snapshot", ())
    assert shown(snapshot)["discount"]["source"]["coupon"]["percent_off"] == 50
    assert rig.incomplete(last(rig, "customer.discount.created")).incomplete == ()


async def test_terms_that_stripe_has_no_more_stay_named(rig: StripeRig) -> None:
    made = rig.merchant.subscribe()
    (item,) = made["items"]["data"]
    gone = {**made, "items": {"data": [{**item, "price": {**item["price"], "id": "price_gone"}}]}}
    for _ in range(2):
        record = await rig.completing.record(rig.readers.open[SCOPE], SCOPE, gone, datetime(2026, 1, 1, tzinfo=UTC))
        assert record.incomplete == ("tiers:price_gone",)
    assert rig.merchant.calls("/v1/prices/price_gone") == 1


@pytest.mark.parametrize("mode", ["error_500", "rate_limit_429", "cut_body"])
async def test_stripe_away_for_a_while_only_delays_it(rig: StripeRig, mode: Mode) -> None:
    rig.merchant.subscribe()
    outage = rig.merchant.fake.server.outage
    outage.mode, outage.calls = mode, 4  # more than one look tries
    rig.refetching.ask(SCOPE, rig.incomplete(last(rig, "customer.subscription.created")))
    (snapshot,) = await rig.snapshots(1)
    assert snapshot.incomplete == ()


async def test_broker_away_for_a_while_only_delays_it(rig: StripeRig) -> None:
    rig.merchant.subscribe()
    rig.publisher.is_reachable = False
    rig.refetching.ask(SCOPE, rig.incomplete(last(rig, "customer.subscription.created")))
    await rig.called()
    rig.publisher.is_reachable = True
    (snapshot,) = await rig.snapshots(1)
    assert snapshot.incomplete == ()


async def test_refused_key_is_noted_and_not_used_again(rig: StripeRig) -> None:
    rig.merchant.fake.server.access.keys.clear()
    for _ in range(5):
        rig.merchant.subscribe()
        rig.refetching.ask(SCOPE, rig.incomplete(last(rig, "customer.subscription.created")))
    await rig.refused()
    rig.refetching.ask(SCOPE, rig.incomplete(last(rig, "customer.subscription.created")))
    assert len(rig.merchant.fake.server.calls) <= 3
    assert rig.publisher.records == []


async def test_account_that_is_not_connected_is_not_read(rig: StripeRig) -> None:
    rig.merchant.subscribe()
    record = rig.incomplete(last(rig, "customer.subscription.created"))
    rig.refetching.ask(("p1", "self", False), record)
    assert len(rig.merchant.fake.server.calls) == 0


async def test_dispute_finds_its_customer(rig: StripeRig) -> None:
    """Its event names the charge alone."""
    rig.merchant.subscribe()
    charge = rig.merchant.fake.objects("charge")[0]["id"]
    opened = rig.merchant.engine.open_dispute(charge)["id"]
    record = rig.incomplete(last(rig, "charge.dispute.created"))
    assert (record.customer, record.incomplete) == (None, ("customer",))
    rig.refetching.ask(SCOPE, record)
    (snapshot,) = await rig.snapshots(1)
    assert (snapshot.type, snapshot.customer) == ("dispute.snapshot", rig.merchant.customer)
    assert shown(snapshot)["id"] == opened
