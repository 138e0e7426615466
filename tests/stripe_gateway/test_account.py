"""The gateway against the fake: what it completes, and what it makes of each failure."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.fake_stripe.rest.outage import Mode
from libs.stripe_gateway import (
    COUPONS,
    CUSTOMERS,
    PRICES,
    SUBSCRIPTIONS,
    Listing,
    StripeAccount,
    StripeFault,
    StripeMissing,
    StripeRefused,
    StripeRejected,
    StripeUnavailable,
    open_account,
    probed,
)
from libs.stripe_gateway.pace import Pace
from tests.stripe_gateway.merchants import Merchant


@pytest.fixture
def merchant() -> Merchant:
    return Merchant()


@pytest.fixture
async def account(merchant: Merchant) -> AsyncIterator[StripeAccount]:
    async with merchant.opened() as opened:
        yield opened


async def everything(account: StripeAccount, listing: Listing) -> list[Mapping[str, Any]]:
    return [each async for page in account.pages(listing) for each in page.objects]


async def test_subscription_comes_with_all_items_tiers_and_terms(merchant: Merchant, account: StripeAccount) -> None:
    made = merchant.subscribe(12, merchant.coupon)
    body: Mapping[str, Any] = (await account.subscription(made["id"])).body
    assert len(body["items"]["data"]) == 12
    assert not body["items"]["has_more"]
    assert [tier["up_to"] for tier in body["items"]["data"][0]["price"]["tiers"]] == [10, None]
    assert body["discounts"][0]["source"]["coupon"]["applies_to"] == {"products": [merchant.product]}


async def test_list_of_subscriptions_shows_ended_ones_and_all_items(merchant: Merchant, account: StripeAccount) -> None:
    large, ended = merchant.subscribe(12, merchant.coupon), merchant.subscribe()
    merchant.engine.cancel_subscription(ended["id"])
    found = {each["id"]: each for each in await everything(account, SUBSCRIPTIONS)}
    assert found[ended["id"]]["status"] == "canceled"
    assert len(found[large["id"]]["items"]["data"]) == 12
    assert found[large["id"]]["discounts"][0]["source"]["coupon"]["percent_off"] == 50


async def test_catalogue_lists_show_tiers_and_products_of_coupons(merchant: Merchant, account: StripeAccount) -> None:
    prices = {each["id"]: each for each in await everything(account, PRICES)}
    coupons = await everything(account, COUPONS)
    assert len(prices[merchant.tiered]["tiers"]) == 2
    assert [each["applies_to"] for each in coupons] == [{"products": [merchant.product]}]


async def test_lists_are_read_to_their_end_and_from_a_cursor_on(merchant: Merchant, account: StripeAccount) -> None:
    made = {merchant.customer} | {merchant.engine.create_customer()["id"] for _ in range(230)}
    pages = [page async for page in account.pages(CUSTOMERS)]
    assert [len(page.objects) for page in pages] == [100, 100, 31]
    assert {each["id"] for page in pages for each in page.objects} == made
    rest = [page async for page in account.pages(CUSTOMERS, pages[1].cursor)]
    assert [page.objects for page in rest] == [pages[2].objects]


async def test_version_is_the_clock_of_stripe(merchant: Merchant, account: StripeAccount) -> None:
    answer = await account.customer(merchant.customer)
    assert answer.at == datetime.fromtimestamp(merchant.fake.clock.now, UTC)
    assert answer.request_id is not None


async def test_deleted_customer_is_told_as_deleted(merchant: Merchant, account: StripeAccount) -> None:
    merchant.engine.delete_customer(merchant.customer)
    assert (await account.customer(merchant.customer)).body["deleted"] is True


@pytest.mark.parametrize(
    ("mode", "fault", "calls"),
    [
        ("error_500", StripeUnavailable, 3),
        ("rate_limit_429", StripeUnavailable, 3),
        ("slow", StripeUnavailable, 3),
        ("cut_body", StripeUnavailable, 3),
        ("revoked", StripeRefused, 1),
    ],
)
async def test_lasting_failure_has_its_fault(
    merchant: Merchant, account: StripeAccount, mode: Mode, fault: type[StripeFault], calls: int
) -> None:
    merchant.fake.server.outage.mode = mode
    with pytest.raises(fault):
        await account.customer(merchant.customer)
    assert len(merchant.fake.server.calls) == calls


@pytest.mark.parametrize("mode", ["error_500", "rate_limit_429", "slow", "cut_body"])
async def test_passing_failure_is_not_noticed(merchant: Merchant, account: StripeAccount, mode: Mode) -> None:
    merchant.fake.server.outage.mode, merchant.fake.server.outage.calls = mode, 2
    assert (await account.customer(merchant.customer)).body["id"] == merchant.customer


async def test_nobody_there_is_temporary(merchant: Merchant) -> None:
    async with merchant.served() as api:
        pass
    async with open_account(api, "rk_test_fake") as account:
        with pytest.raises(StripeUnavailable):
            await account.identifier()


async def test_closed_account_is_not_tried_again(merchant: Merchant) -> None:
    async with merchant.opened() as account:
        pass
    with pytest.raises(StripeUnavailable):
        await account.identifier()
    assert len(merchant.fake.server.calls) == 0


async def test_unknown_key_is_refused_once_and_not_told(merchant: Merchant) -> None:
    async with merchant.opened("rk_live_0123456789abcdef") as account:
        with pytest.raises(StripeRefused) as refused:
            await account.identifier()
    assert refused.value.is_of_key
    assert refused.value.request_id is not None
    assert "0123" not in str(refused.value)
    assert "0123" not in repr(refused.value)
    assert len(merchant.fake.server.calls) == 1


async def test_missing_permission_names_the_call(merchant: Merchant) -> None:
    merchant.fake.server.access.keys["rk_test_narrow"] = frozenset({"prices"})
    async with merchant.opened("rk_test_narrow") as account:
        with pytest.raises(StripeRefused) as refused:
            await account.customer(merchant.customer)
    assert not refused.value.is_of_key
    assert refused.value.status == 403


async def test_permissions_are_told_one_by_one(merchant: Merchant) -> None:
    merchant.fake.server.access.keys["rk_test_narrow"] = frozenset({"account", "subscriptions", "prices", "events"})
    async with merchant.opened("rk_test_narrow") as account:
        found = await probed(account)
    assert found.account == merchant.fake.world.settings.account
    assert {each.resource for each in found.permissions if each.read} == {
        "account",
        "subscriptions",
        "prices",
        "events",
    }
    assert {each.resource for each in found.lacking} == {"customers", "coupons"}


async def test_unknown_object_and_unknown_question_have_their_own_faults(account: StripeAccount) -> None:
    with pytest.raises(StripeMissing):
        await account.price("price_none")
    with pytest.raises(StripeMissing):
        await everything_after(account, "cus_none")
    with pytest.raises(StripeRejected):
        await everything(account, Listing("customers", ("data.nothing_such",)))


async def everything_after(account: StripeAccount, cursor: str) -> None:
    async for _ in account.pages(CUSTOMERS, cursor):
        pass


async def test_id_from_outside_stays_one_part_of_the_address(merchant: Merchant, account: StripeAccount) -> None:
    with pytest.raises(StripeFault):
        await account.price("../customers")
    assert all(path.startswith("/v1/prices/") for _, path in merchant.fake.server.calls)


async def test_pace_keeps_calls_apart() -> None:
    pace, began = Pace(per_second=100), time.monotonic()
    await asyncio.gather(*(pace.turn() for _ in range(11)))
    assert time.monotonic() - began >= 0.099
