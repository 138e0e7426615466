"""A fake account's whole history, told in each API version, reads to the same facts as in today's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from libs.domain.fact import Fact, about_subscription
from libs.domain.price import Price
from libs.domain.subscription import Cancellation, Item, Subscription
from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.rendering import Renderer
from libs.fake_stripe.settings import CURRENT_VERSION
from libs.wire.stripe_event import Catalogue, read_event, read_snapshot

SINGLE_PERIOD = ("2018-05-21", "2020-08-27", "2022-11-15")
ONE_DISCOUNT = SINGLE_PERIOD[:2]


@pytest.fixture(scope="module", params=[3, 11])
def lived(request: pytest.FixtureRequest) -> FakeStripe:
    fake = FakeStripe(seed=request.param)
    play(fake.engine, HistorySpec(seed=request.param, customers=14, months=3))
    return fake


@pytest.fixture(scope="module")
def catalogue(lived: FakeStripe) -> Catalogue:
    """Everything that the account ever sold, as Stripe's API tells it with all expanded."""
    store, known = lived.world.store, Catalogue()
    for price in store.all("price"):
        known.learn({**price, "tiers": store.tiers.get(price["id"])})
    for event in lived.events:
        about = event["data"]["object"]
        if event["type"] == "coupon.created":
            known.learn({**about, "applies_to": store.applies_to.get(about["id"])}, whole=True)
        if event["type"] == "customer.discount.created":
            known.learn(about)
    return known


def facts(fake: FakeStripe, catalogue: Catalogue, version: str) -> Iterator[Fact]:
    renderer = Renderer(fake.world.store, version)
    for event in fake.events:
        yield from read_event(renderer.event(event), catalogue)


@pytest.fixture(scope="module")
def today(lived: FakeStripe, catalogue: Catalogue) -> list[Fact]:
    return list(facts(lived, catalogue, CURRENT_VERSION))


@pytest.mark.parametrize("version", ["2025-03-31.basil", "2025-09-30.clover", "2026-03-25.dahlia"])
def test_versions_since_basil_tell_the_same(
    lived: FakeStripe, catalogue: Catalogue, today: list[Fact], version: str
) -> None:
    """Fingerprints included, so that the same event in two shapes is one version."""
    assert list(facts(lived, catalogue, version)) == today


@pytest.mark.parametrize("version", SINGLE_PERIOD)
def test_older_versions_tell_the_same_as_far_as_they_can(
    lived: FakeStripe, catalogue: Catalogue, today: list[Fact], version: str
) -> None:
    for told, known in zip(facts(lived, catalogue, version), today, strict=True):
        assert (told.at, told.rank, told.event) == (known.at, known.rank, known.event)
        if about_subscription(told) and about_subscription(known):
            assert expressible(told.content, version) == expressible(known.content, version)
        else:
            assert told == known


def expressible(content: Subscription, version: str) -> Subscription:
    """What of a subscription the version has words for."""
    if len(content.items) > 1:
        content = replace(content, current_period_start=None, current_period_end=None)
    if version not in ONE_DISCOUNT:
        return content
    return replace(
        content,
        cancellation=Cancellation(),
        discounts=content.discounts[:1],
        items=tuple(expressible_item(item, version) for item in content.items),
        gaps=tuple(gap for gap in content.gaps if not gap.startswith("amount:")),
    )


def expressible_item(item: Item, version: str) -> Item:
    """Discounts of items came in 2022; prices that say whether they contain tax, and tax rates, in 2020."""
    if version == "2020-08-27":
        return replace(item, discounts=())
    return replace(item, discounts=(), inclusive_tax=None, price=as_plan(item.price))


def as_plan(price: Price) -> Price:
    """Plans of 2018 had no fractions of a cent."""
    amount = price.unit_amount
    fractional = amount is not None and amount != amount.to_integral_value()
    return replace(price, unit_amount=None if fractional else amount, tax_inclusive=False)


def test_the_last_event_and_a_snapshot_tell_the_same(
    lived: FakeStripe, catalogue: Catalogue, today: list[Fact]
) -> None:
    last = {fact.content.id: fact for fact in today if about_subscription(fact)}
    shown = {subscription["id"]: subscription for subscription in lived.objects("subscription")}
    assert last.keys() == shown.keys()
    for identifier, fact in last.items():
        (snapshot,) = read_snapshot(shown[identifier], datetime.fromtimestamp(lived.clock.now, UTC), catalogue)
        if not fact.content.gaps:
            assert snapshot.content == fact.content
            assert snapshot.digest == fact.digest


def test_each_update_was_before_what_the_event_before_it_showed(today: list[Fact]) -> None:
    digests: dict[str, bytes] = {}
    for fact in today:
        if not about_subscription(fact):
            continue
        if fact.previous is not None:
            assert fact.previous == digests[fact.content.id]
        digests[fact.content.id] = fact.digest
