"""What is, comes first; the events that led to it come later, and are history to write."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.settings import AccountSettings
from libs.wire import stripe_event
from libs.wire.codec import encode
from libs.wire.contribution_codec import exact_amount
from libs.wire.topics import STRIPE_EVENTS
from tests.mrr.in_memory import ORIGIN, MemoryRecord, Stream, catalogue_of, instant, stripe_records

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = 24 * 60 * 60


def account(seed: int, months: int = 5) -> FakeStripe:
    fake = FakeStripe(seed=seed, start=START, settings=AccountSettings(livemode=True))
    play(fake.engine, HistorySpec(seed=seed, customers=25, months=months))
    return fake


def everything(fake: FakeStripe, first_offset: int = 0) -> list[MemoryRecord]:
    """The lists of a first sync: all subscriptions, then all customers, as they are now."""
    catalogue = catalogue_of(fake)
    objects = [*fake.objects("subscription"), *fake.objects("customer")]
    records = (stripe_event.snapshot_record(each, instant(fake), ORIGIN, catalogue) for each in objects)
    return [
        MemoryRecord(STRIPE_EVENTS.name, offset, stripe_event.key_of(record), encode(record))
        for offset, record in enumerate(records, first_offset)
    ]


def lately(fake: FakeStripe) -> list[MemoryRecord]:
    """The events of the last thirty days, which are all that Stripe's feed holds."""
    events = [event for event in fake.events if event["created"] >= fake.clock.now - 30 * DAY]
    return stripe_records(events, catalogue_of(fake))


def behind(first: list[MemoryRecord], then: list[MemoryRecord]) -> list[MemoryRecord]:
    """One after the other on one topic."""
    return [replace(record, offset=offset) for offset, record in enumerate([*first, *then])]


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_events_of_the_last_days_are_history_though_the_snapshots_came_first(seed: int) -> None:
    """What the feed tells of a customer that it also tells the creation of is what its events alone tell."""
    fake = account(seed, months=1)
    alone, synced = Stream(now=instant(fake)), Stream(now=instant(fake), seed=seed)
    alone.feed(behind(lately(fake), everything(fake)))
    synced.feed(behind(everything(fake), lately(fake)))
    since = fake.clock.now - 30 * DAY
    young = {f"customer:{each['id']}" for each in fake.objects("customer") if each["created"] >= since}
    assert any(one.client in young for one in alone.movements())
    assert [one for one in told(synced) if one[0] in young] == [one for one in told(alone) if one[0] in young]


def told(stream: Stream) -> list[tuple[object, ...]]:
    return [(one.client, one.id, one.kind, one.exact, one.reason, one.estimated) for one in stream.movements()]


@pytest.mark.parametrize("seed", range(5, 8))
def test_snapshots_alone_give_an_estimated_history_that_balances(seed: int) -> None:
    fake = account(seed)
    stream = Stream(now=instant(fake))
    stream.feed(everything(fake))
    assert {one.estimated for one in stream.movements()} == {True}
    sums: dict[str, Fraction] = {}
    for one in stream.movements():
        sums[one.currency] = sums.get(one.currency, Fraction(0)) + exact_amount(one.exact)
    worth: dict[str, Fraction] = {}
    for amounts in stream.worth().values():
        for currency, amount in amounts.items():
            worth[currency] = worth.get(currency, Fraction(0)) + amount
    assert {code: amount for code, amount in sums.items() if amount} == worth
