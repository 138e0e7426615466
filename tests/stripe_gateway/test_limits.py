"""What the gateway makes of Stripe's limits and refusals, before any other process has to hear of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from libs.stripe_gateway import StripeRefused, StripeUnavailable, open_account, probed
from tests.stripe_gateway.merchants import Merchant


@dataclass
class Noted:
    """A budget that lets everything through and notes what it is told."""

    calls: list[str] = field(default_factory=list)
    limits: list[tuple[str, str]] = field(default_factory=list)

    @asynccontextmanager
    async def call(self, resource: str) -> AsyncIterator[None]:
        self.calls.append(resource)
        yield

    async def limited(self, resource: str, reason: str) -> None:
        self.limits.append((resource, reason))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("global-rate", ("", "global-rate")),
        ("global-concurrency", ("", "global-concurrency")),
        ("endpoint-rate", ("customers", "endpoint-rate")),
        ("endpoint-concurrency", ("customers", "endpoint-concurrency")),
        ("resource-specific", None),
    ],
)
async def test_reason_of_a_429_says_what_has_to_rest(reason: str, told: tuple[str, str] | None) -> None:
    merchant, budget = Merchant(), Noted()
    outage = merchant.fake.server.outage
    outage.mode, outage.reason, outage.calls = "rate_limit_429", reason, 1
    async with merchant.served() as api, open_account(api, "rk_test_fake", budget) as account:
        await account.customer(merchant.customer)
    assert budget.limits == ([] if told is None else [told])
    assert budget.calls == ["customers", "customers"]


async def test_other_failures_limit_nothing() -> None:
    merchant, budget = Merchant(), Noted()
    merchant.fake.server.outage.mode = "error_500"
    async with merchant.served() as api, open_account(api, "rk_test_fake", budget) as account:
        with pytest.raises(StripeUnavailable):
            await account.customer(merchant.customer)
    assert budget.limits == []


async def test_a_refused_key_makes_no_further_call() -> None:
    merchant = Merchant()
    async with merchant.opened() as account:
        merchant.fake.server.outage.mode = "revoked"
        asked = [account.customer(merchant.customer) for _ in range(10)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        before = len(merchant.fake.server.calls)
        with pytest.raises(StripeRefused) as refused:
            await account.subscription("sub_1")
    assert all(isinstance(each, StripeRefused) for each in outcomes)
    assert refused.value.resource == "/v1/subscriptions/sub_1"
    assert len(merchant.fake.server.calls) == before


async def test_a_missing_permission_stops_nothing_else() -> None:
    merchant = Merchant()
    merchant.fake.server.access.keys["rk_test_narrow"] = frozenset({"prices"})
    async with merchant.opened("rk_test_narrow") as account:
        with pytest.raises(StripeRefused):
            await account.customer(merchant.customer)
        assert (await account.price(merchant.plain)).body["id"] == merchant.plain


async def test_a_key_is_tried_within_the_budget_of_its_account() -> None:
    merchant, budget, asked = Merchant(), Noted(), list[str]()

    def budget_of(account: str) -> Noted:
        asked.append(account)
        return budget

    async with merchant.opened() as account:
        await probed(account, budget_of)
    assert asked == [merchant.fake.world.settings.account]
    assert "account" not in budget.calls
    assert {"subscriptions", "customers", "events"} <= set(budget.calls)
