"""Every client's MRR, streamed from a fake account's events, equals what the account's objects are worth."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from random import Random

import pytest

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.settings import AccountSettings
from libs.fake_stripe.worth import Appraisal
from libs.wire import stripe_event
from libs.wire.codec import encode
from libs.wire.topics import STRIPE_EVENTS
from tests.mrr.in_memory import ORIGIN, MemoryRecord, Stream, catalogue_of, instant, stripe_records

START = datetime(2026, 1, 5, tzinfo=UTC)


def account(seed: int) -> FakeStripe:
    fake = FakeStripe(seed=seed, start=START, settings=AccountSettings(livemode=True))
    play(fake.engine, HistorySpec(seed=seed, customers=40, months=5))
    return fake


def worth_by_client(fake: FakeStripe) -> dict[str, dict[str, Fraction]]:
    appraised = Appraisal(fake.world.store, fake.clock.now).by_customer()
    positive = {
        f"customer:{customer}": {currency: amount for currency, amount in worth.items() if amount}
        for customer, worth in appraised.items()
    }
    return {client: worth for client, worth in positive.items() if worth}


def snapshots(fake: FakeStripe, first_offset: int) -> list[MemoryRecord]:
    """Whole subscriptions as a list call shows them: what ingest fetches for those that events cut short."""
    catalogue = catalogue_of(fake)
    records = (
        stripe_event.snapshot_record(subscription, instant(fake), ORIGIN, catalogue)
        for subscription in fake.objects("subscription")
        if len(subscription["items"]["data"]) > 10
    )
    return [
        MemoryRecord(STRIPE_EVENTS.name, offset, stripe_event.key_of(record), encode(record))
        for offset, record in enumerate(records, first_offset)
    ]


@pytest.mark.parametrize("seed", range(1, 7))
def test_streamed_revenue_equals_the_accounts_worth(seed: int) -> None:
    fake = account(seed)
    records = stripe_records(fake.events, catalogue_of(fake))
    stream = Stream(now=instant(fake), seed=seed)
    stream.feed(records + snapshots(fake, len(records)))
    assert stream.worth() == worth_by_client(fake)


@pytest.mark.parametrize("seed", range(7, 10))
def test_order_and_repeats_of_deliveries_change_nothing(seed: int) -> None:
    fake, dice = account(seed), Random(seed)
    records = stripe_records(fake.events, catalogue_of(fake))
    records += snapshots(fake, len(records))
    ordered, shuffled = Stream(now=instant(fake)), Stream(now=instant(fake), seed=seed)
    ordered.feed(records)
    deliveries = [record for record in records for _ in range(dice.randint(1, 3))]
    dice.shuffle(deliveries)
    shuffled.feed([replace(record, offset=offset) for offset, record in enumerate(deliveries)])
    assert shuffled.worth() == ordered.worth() == worth_by_client(fake)


def test_subscriptions_cut_short_are_marked_and_not_silently_small() -> None:
    fake = account(3)
    stream = Stream(now=instant(fake))
    stream.feed(stripe_records(fake.events, catalogue_of(fake)))
    streamed, worth = stream.worth(), worth_by_client(fake)
    wrong = {client for client in worth if streamed.get(client) != worth[client]}
    assert wrong <= {client for client, record in stream.revenue.items() if record.incomplete}
