"""An explanation goes through the very rules that made the figure, and adds up to it exactly."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.settings import AccountSettings
from libs.wire.codec import decode
from libs.wire.records import StripeRecord
from libs.wire.topics import STRIPE_EVENTS
from services.api.read_model.projection import Delivered
from tests.api.builders import NOW, client_delivery, client_record, delivered, event_delivery, stripe_record
from tests.api.calling import Api
from tests.mrr.in_memory import MemoryRecord, Stream, catalogue_of, instant, stripe_records

START = datetime(2026, 1, 5, tzinfo=UTC)
SETTINGS = "/api/integrations/stripe/settings"


def explained_sum(content: dict[str, Any]) -> dict[str, Fraction]:
    """The sum of all items of an explanation, by currency."""
    sums: dict[str, Fraction] = {}
    for subscription in content["subscriptions"]:
        for item in subscription["items"]:
            currency = item["mrr"]["currency"]
            sums[currency] = sums.get(currency, Fraction(0)) + Fraction(item["mrr"]["exact"])
    return {currency: amount for currency, amount in sums.items() if amount}


def exact(amounts: dict[str, str]) -> dict[str, Fraction]:
    return {currency: Fraction(amount) for currency, amount in amounts.items() if amount != "0"}


def played() -> FakeStripe:
    fake = FakeStripe(seed=5, start=START, settings=AccountSettings(livemode=True))
    play(fake.engine, HistorySpec(seed=5, customers=12, months=3))
    return fake


def deliveries(records: Sequence[MemoryRecord]) -> list[Delivered]:
    return [delivered(record.value, STRIPE_EVENTS.name, record.key or b"") for record in records]


async def explain(api: Api, client: str, at: datetime | None = None) -> Any:
    moment = "" if at is None else f"&at={quote(at.isoformat())}"
    answer = await api.get(f"/api/mrr/explain?client={quote(client, safe='')}{moment}")
    assert answer.status == 200, answer.content
    return answer.content


async def test_every_clients_explanation_adds_up_to_the_figure_shown(api: Api) -> None:
    fake = played()
    records = stripe_records(fake.events, catalogue_of(fake))
    stream = Stream(now=datetime.now(UTC))
    stream.feed(records)
    await api.holds(*deliveries(records), *map(client_delivery, stream.revenue.values()))
    assert len(stream.revenue) >= 12
    for client, record in stream.revenue.items():
        content = await explain(api, client)
        assert content["agrees"] is True, client
        assert explained_sum(content) == exact(content["exact_by_currency"]) == exact(record.exact_by_currency)
        assert content["incomplete"] == msgspec.to_builtins(list(record.incomplete))


@pytest.mark.parametrize("days", [5, 30, 45, 80])
async def test_at_any_instant_it_says_what_the_stream_said_then(api: Api, days: int) -> None:
    fake, at = played(), START + timedelta(days=days)
    records = stripe_records(fake.events, catalogue_of(fake))
    whole, then = Stream(now=instant(fake)), Stream(now=at)
    whole.feed(records)
    then.feed([it for it in records if decode(it.value or b"", StripeRecord).version.created <= at])
    await api.holds(*deliveries(records), *map(client_delivery, whole.revenue.values()))
    for client in whole.revenue:
        known = then.revenue.get(client)
        assert explained_sum(await explain(api, client, at)) == (exact(known.exact_by_currency) if known else {})


def subscription(**changes: object) -> dict[str, object]:
    price = {
        "id": "price_1",
        "object": "price",
        "product": "prod_1",
        "currency": "usd",
        "unit_amount": 1000,
        "unit_amount_decimal": "1000",
        "recurring": {"interval": "year", "interval_count": 1, "usage_type": "licensed"},
    }
    item = {"id": "si_1", "object": "subscription_item", "price": price, "quantity": 5}
    return {
        "object": "subscription",
        "id": "sub_1",
        "customer": "cus_1",
        "status": "active",
        "currency": "usd",
        "items": {"object": "list", "data": [item], "has_more": False},
        "start_date": int(NOW.timestamp()),
        "created": int(NOW.timestamp()),
        **changes,
    }


async def test_an_item_is_told_with_its_price_its_rule_and_its_event(api: Api) -> None:
    created = stripe_record("customer.subscription.created", subscription(), event_id="evt_9")
    await api.holds(event_delivery(created), client_delivery(client_record(exact={"usd": "1250/3"})))
    content = await explain(api, "customer:cus_1")
    assert content["mrr"] == {"amount": "4.17", "currency": "usd", "exact": "1250/3"}
    assert (content["agrees"], content["shown"]) == (True, {"usd": "1250/3"})
    told = content["subscriptions"][0]
    assert told["source"] == {"event": "evt_9", "at": "2026-03-01T12:00:00Z", "kind": "create"}
    item = told["items"][0]
    assert (item["price"], item["unit_amount"], item["interval"], item["quantity"]) == ("price_1", "1000", "year", 5)
    assert item["rule"] == "counted"
    assert item["why"]


async def test_before_anything_was_known_there_is_nothing(api: Api) -> None:
    created = stripe_record("customer.subscription.created", subscription())
    await api.holds(event_delivery(created), client_delivery(client_record()))
    content = await explain(api, "customer:cus_1", NOW - timedelta(days=1))
    assert (content["subscriptions"], content["mrr_by_currency"]) == ([], {})


async def test_it_follows_the_projects_policy(api: Api) -> None:
    trial = subscription(status="trialing", trial_end=int((NOW + timedelta(days=10_000)).timestamp()))
    await api.holds(
        event_delivery(stripe_record("customer.subscription.created", trial)), client_delivery(client_record(exact={}))
    )
    assert (await explain(api, "customer:cus_1"))["subscriptions"][0]["rule"] == "trialing"
    assert (await api.patch(SETTINGS, {"policy": {"include_trials": True}})).status == 200
    content = await explain(api, "customer:cus_1")
    assert content["mrr"]["exact"] == "1250/3"
    assert content["agrees"] is False


async def test_a_record_that_nobody_can_read_is_counted_and_the_rest_is_told(api: Api) -> None:
    created = stripe_record("customer.subscription.created", subscription())
    odd = stripe_record("customer.subscription.updated", subscription(status="dancing"), event_id="evt_2", rank=3)
    await api.holds(*map(event_delivery, (created, odd)), client_delivery(client_record(exact={"usd": "1250/3"})))
    content = await explain(api, "customer:cus_1")
    assert (content["unreadable_records"], content["agrees"]) == (1, True)


async def test_a_client_that_does_not_exist_is_404(api: Api) -> None:
    assert (await api.get("/api/mrr/explain?client=nobody")).status == 404
