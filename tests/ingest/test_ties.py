"""Updates of one second: what `previous_attributes` tell is believed, what they can't is asked of Stripe."""

from collections.abc import AsyncIterator, Sequence
from itertools import permutations

import pytest

from libs.fake_stripe.changes import SetQuantity
from libs.fake_stripe.json_types import Json
from tests.ingest.pipeline import Pipeline, pipeline


@pytest.fixture
async def way() -> AsyncIterator[Pipeline]:
    async with pipeline() as made:
        yield made


def subscribed(way: Pipeline) -> str:
    """A subscription of an earlier second; its item."""
    made = way.merchant.subscribe(price=way.merchant.plain)
    later(way)
    item: str = made["items"]["data"][0]["id"]
    return item


def later(way: Pipeline, seconds: int = 5) -> None:
    way.merchant.engine.advance_clock(way.merchant.fake.clock.now + seconds)


def changed(way: Pipeline, item: str, *quantities: int) -> list[Json]:
    """The events of updates that all fall into this second."""
    before = len(way.merchant.fake.events)
    subscription = way.merchant.fake.objects("subscription")[0]["id"]
    for quantity in quantities:
        way.merchant.engine.update_subscription(subscription, SetQuantity(item, quantity), proration="none")
    events = way.merchant.fake.events[before:]
    return [each for each in events if each["type"] == "customer.subscription.updated"]


def reads(way: Pipeline) -> int:
    subscription = way.merchant.fake.objects("subscription")[0]["id"]
    return way.merchant.calls(f"/v1/subscriptions/{subscription}")


def orders(count: int) -> list[Sequence[int]]:
    return list(permutations(range(count)))


@pytest.mark.parametrize("order", orders(2), ids=["in order", "the other way round"])
async def test_two_updates_that_chain_need_no_call(way: Pipeline, order: Sequence[int]) -> None:
    item = subscribed(way)
    await way.deliver(*way.merchant.fake.events)
    events = changed(way, item, 3, 5)
    await way.deliver(*(events[place] for place in order))
    way.ties.look()
    assert reads(way) == 0
    assert way.worth() == way.truth() != {}


# Whatever a guess goes by, it is wrong for one of these: the same two states, in either order.
@pytest.mark.parametrize("quantities", [(2, 5, 3, 7), (2, 7, 3, 5)], ids=["up", "down"])
@pytest.mark.parametrize("order", orders(2), ids=["in order", "the other way round"])
async def test_two_updates_without_those_between_are_settled_by_stripe(
    way: Pipeline, order: Sequence[int], quantities: tuple[int, ...]
) -> None:
    item = subscribed(way)
    await way.deliver(*way.merchant.fake.events)
    _, first, _, last = changed(way, item, *quantities)
    await way.deliver(*((first, last)[place] for place in order))
    before = len(way.records)
    later(way)
    way.ties.look()
    records = await way.published(before + 1)
    assert (records[-1].source, records[-1].type) == ("snapshot", "subscription.snapshot")
    assert way.worth() == way.truth() != {}


async def test_what_stripe_shows_in_the_same_second_settles_nothing(way: Pipeline) -> None:
    item = subscribed(way)
    first, _lost, last = changed(way, item, 3, 8, 5)
    await way.deliver(first, last)
    before = len(way.records)
    way.ties.look()
    await way.rig.called()
    assert len(way.records) == before
    later(way, 1)
    records = await way.published(before + 1)
    assert records[-1].version.created > records[-2].version.created


async def test_an_event_and_its_repeat_are_no_tie(way: Pipeline) -> None:
    item = subscribed(way)
    (event,) = changed(way, item, 3)
    await way.deliver(event, event)
    way.ties.look()
    assert reads(way) == 0


async def test_a_tie_that_shows_over_two_looks_is_found(way: Pipeline) -> None:
    item = subscribed(way)
    first, _lost, last = changed(way, item, 3, 8, 5)
    await way.deliver(first)
    way.ties.look()
    await way.deliver(last)
    before = len(way.records)
    later(way)
    way.ties.look()
    await way.published(before + 1)


async def test_each_tie_is_read_once(way: Pipeline) -> None:
    item = subscribed(way)
    first, _lost, last = changed(way, item, 3, 8, 5)
    await way.deliver(first, last)
    before = len(way.records)
    later(way)
    way.ties.look()
    await way.published(before + 1)
    way.ties.look()
    assert reads(way) == 1
