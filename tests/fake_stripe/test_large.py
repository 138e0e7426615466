"""A large account is what it says, page by page, and takes no room."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from libs.fake_stripe.large import LargeAccount
from libs.fake_stripe.rest.access import RESTRICTED_KEY
from libs.stripe_gateway import CUSTOMERS, EVENTS, INVOICES, REFUNDS, SUBSCRIPTIONS, Listing, StripeApi, open_account
from tests.fake_stripe.test_shapes import faults_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def account(subscriptions: int, seed: int = 1) -> LargeAccount:
    return LargeAccount(seed, subscriptions, START)


async def read(large: LargeAccount, listing: Listing) -> list[Any]:
    async with large.serve() as url, open_account(StripeApi(url, 2000), RESTRICTED_KEY) as reader:
        return [each async for page in reader.pages(listing) for each in page.objects]


@pytest.mark.parametrize("listing", [SUBSCRIPTIONS, CUSTOMERS, INVOICES, REFUNDS, EVENTS], ids=lambda it: it.resource)
async def test_list_is_whole_newest_first_and_of_the_declared_shape(listing: Listing) -> None:
    large = account(80)
    found = await read(large, listing)
    plain = len(large.fake.objects(found[0]["object"]))
    recent = (
        plain
        if listing is not EVENTS
        else sum(e["created"] >= large.fake.clock.now - 30 * 86400 for e in large.fake.events)
    )
    assert len({each["id"] for each in found}) == len(found) == recent * 2
    assert [each["created"] for each in found] == sorted((each["created"] for each in found), reverse=True)


async def test_copies_hang_together() -> None:
    large = account(80)
    customers = {each["id"] for each in await read(large, CUSTOMERS)}
    subscriptions = await read(large, SUBSCRIPTIONS)
    assert {each["customer"] for each in subscriptions} == customers
    assert {each["customer"] for each in await read(large, INVOICES)} == customers
    items = [item["id"] for each in subscriptions for item in each["items"]["data"]]
    assert len(set(items)) == len(items)
    plain = LargeAccount(1, 40, START).fake.objects("subscription")
    assert faults_of(plain) == set()


async def test_one_object_is_found_by_its_id() -> None:
    large = account(80)
    known = (await read(large, SUBSCRIPTIONS))[17]
    async with large.serve() as url, open_account(StripeApi(url, 2000), RESTRICTED_KEY) as reader:
        found = (await reader.subscription(known["id"])).body
    assert (found["id"], found["customer"]) == (known["id"], known["customer"])


async def test_size_costs_nothing() -> None:
    small, large = account(40), account(2_000_000)
    assert large.mrr() == small.mrr() * 50_000
    assert large.subscriptions == 2_000_000
    async with (
        large.serve() as url,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {RESTRICTED_KEY}"}) as web,
    ):
        async with asyncio.timeout(5), web.get(f"{url}/v1/subscriptions?limit=100&status=all") as answer:
            page = await answer.json()
        async with web.get(f"{url}/_fake/calls") as answer:
            assert (await answer.json())["paths"] == {"/v1/subscriptions": 1}
    assert (len(page["data"]), page["has_more"]) == (100, True)


def test_seed_decides() -> None:
    assert account(40).fake.objects("customer") == account(40).fake.objects("customer")
    assert account(40).fake.objects("customer") != account(40, seed=2).fake.objects("customer")
