"""Two processes read one account: together they keep to its rate, and stop together when its key is refused."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import orjson
import pytest

from libs.fake_stripe.json_types import Json
from libs.wire.stripe_event import Origin, envelope, to_record
from services.ingest.stripe_side import StripeSide, stripe_side
from tests.ingest.desk import Desk, opened_desk
from tests.ingest.fakes import MemoryPublisher
from tests.ingest.stripe_rig import SCOPE
from tests.stripe_gateway.merchants import Merchant
from tests.waiting import until

LIMIT = 20


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with opened_desk(database) as made:
        yield made


def busy(customers: int) -> Merchant:
    """A merchant whose webhooks all have to be completed."""
    merchant = Merchant()
    for _ in range(customers):
        merchant.subscribe(12, customer=merchant.engine.create_customer()["id"])
    return merchant


async def two_processes(stack: AsyncExitStack, desk: Desk, merchant: Merchant) -> list[StripeSide]:
    """Both have the account open, and half of its subscriptions to complete."""
    api = replace(await stack.enter_async_context(merchant.served()), reads_per_second=LIMIT)
    sides = [await stack.enter_async_context(stripe_side(api, desk.store, MemoryPublisher())) for _ in range(2)]
    made = [each for each in merchant.fake.events if each["type"] == "customer.subscription.created"]
    for number, event in enumerate(made):
        ask(sides[number % 2], event)
    return sides


def ask(side: StripeSide, event: Json) -> None:
    parsed = envelope(orjson.dumps(event))
    side.refetching.ask(SCOPE, to_record(parsed, Origin(*SCOPE), side.catalogues.learned(SCOPE, parsed)))


def most_in_a_second(merchant: Merchant) -> int:
    times = [at for at, _ in merchant.fake.server.calls]
    return max(sum(begin <= each < begin + 1 for each in times) for begin in times)


async def test_together_they_keep_to_the_accounts_rate(desk: Desk) -> None:
    merchant = busy(20)
    await desk.connect()
    await desk.ask()
    async with AsyncExitStack() as stack:
        await two_processes(stack, desk, merchant)
        assert await desk.finished() == "succeeded"
        await until(lambda: sum("/v1/subscription" in path for _, path in merchant.fake.server.calls) >= 40)
    assert LIMIT - 5 <= most_in_a_second(merchant) <= LIMIT


async def test_after_a_401_hardly_any_call_is_made(desk: Desk) -> None:
    merchant = busy(40)
    await desk.connect()
    await desk.ask()
    async with AsyncExitStack() as stack:
        sides = await two_processes(stack, desk, merchant)
        await until(lambda: len(merchant.fake.server.calls) >= 15)
        merchant.fake.server.outage.mode = "revoked"
        revoked = len(merchant.fake.server.calls)
        assert await desk.finished() == "failed"
        await until(lambda: all(side.accounts.reader(SCOPE) is None for side in sides))
    assert (await desk.said("connections", "con_1"))[0] == "error"
    assert len(merchant.fake.server.calls) - revoked <= 4  # the one that hears it first, and three
