"""What a fake can do wrong when it is asked to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.access import SECRET_KEY
from libs.fake_stripe.rest.outage import Mode
from tests.fake_stripe.merchant import Shop

Got = tuple[int, Json, dict[str, str]]


class Shopper:
    """Calls a shop's fake; what never answers whole has the status 0."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def get(self, path: str) -> Got:
        headers = {"Authorization": f"Bearer {SECRET_KEY}", "Stripe-Version": "2026-10-28.endive"}
        try:
            async with self._session.get(f"{self._url}/v1/{path}", headers=headers) as answer:
                return answer.status, await answer.json(), dict(answer.headers)
        except (aiohttp.ClientError, TimeoutError):
            return 0, {}, {}


@asynccontextmanager
async def served(shop: Shop, mode: Mode) -> AsyncIterator[Shopper]:
    outage = shop.fake.server.outage
    outage.mode, outage.slow_seconds = mode, 0.3
    timeout = aiohttp.ClientTimeout(total=0.1)
    async with shop.fake.serve() as url, aiohttp.ClientSession(timeout=timeout) as session:
        yield Shopper(url, session)


async def test_a_429_names_its_reason() -> None:
    shop = Shop()
    shop.fake.server.outage.reason = "endpoint-concurrency"
    async with served(shop, "rate_limit_429") as shopper:
        status, _, headers = await shopper.get("customers")
    assert (status, headers["Stripe-Rate-Limited-Reason"]) == (429, "endpoint-concurrency")


async def test_a_storm_brings_every_passing_failure() -> None:
    async with served(Shop(), "storm") as shopper:
        statuses = {(await shopper.get("customers"))[0] for _ in range(20)}
    assert statuses == {0, 429, 500}


async def test_drift_answers_in_another_version_than_the_call_names() -> None:
    shop = Shop()
    made = shop.subscribe()
    async with served(shop, "drift") as shopper:
        _, shown, headers = await shopper.get(f"subscriptions/{made['id']}")
    assert "current_period_end" in shown
    assert headers["Stripe-Version"] == "2024-06-20"


def test_an_event_that_is_never_generated_is_in_no_feed_and_told_to_nobody() -> None:
    shop, told = Shop(), list[Json]()
    shop.fake.world.listeners.append(told.append)
    before = len(shop.fake.events)
    shop.engine.lose_events("customer.updated", 1)
    shop.engine.update_customer(shop.customer, email="lost@example.com")
    assert len(shop.fake.events) == before
    shop.engine.update_customer(shop.customer, email="told@example.com")
    assert [each["type"] for each in told] == ["customer.updated"]
    assert shop.fake.objects("customer")[0]["email"] == "told@example.com"
