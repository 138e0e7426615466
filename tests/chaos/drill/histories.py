"""Random lives of accounts, each told to a project of its own: once in order, once in any order with repeats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import msgspec

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.settings import AccountSettings
from libs.runtime.kafka import new_producer
from libs.wire import stripe_event
from libs.wire.codec import decode, encode
from libs.wire.records import StripeRecord
from libs.wire.topics import STRIPE_EVENTS
from tests.mrr.in_memory import catalogue_of, stripe_records
from tests.mrr.test_against_the_fake import START, snapshots

CUSTOMERS, MONTHS = 20, 5
SAID_AT = datetime(2026, 3, 1, tzinfo=UTC)
RATES = {
    "eur": {"2026-01-01": "1.1", "2026-02-10": "1.15", "2026-04-03": "1.08"},
    "gbp": {"2026-01-01": "1.3", "2026-03-17": "1.25"},
    "jpy": {"2026-02-20": "0.0068"},
}
POLICIES: tuple[dict[str, object], ...] = (
    {},
    {"base_currency": "usd", "fx": RATES},
    {"base_currency": "usd", "fx": RATES, "fx_mode": "lock", "past_due_churn_after_days": 5},
    {"timezone": "America/New_York", "movement_grouping_minutes": 60, "include_trials": True},
)


@dataclass(frozen=True, slots=True)
class History:
    """One account's records in their order; by the names of the projects it is told to."""

    seed: int
    records: tuple[StripeRecord, ...]

    @property
    def ordered(self) -> str:
        """The project that hears it in order. Both names are of one length and sort alike."""
        return f"project-o-{self.seed}"

    @property
    def shuffled(self) -> str:
        """The project that hears it in any order."""
        return f"project-s-{self.seed}"

    @property
    def policy(self) -> dict[str, object]:
        """How both projects count. Without limit to lateness: beyond it, the order makes a difference by design."""
        return {"late_window_days": None} | POLICIES[self.seed % len(POLICIES)]

    def of(self, project: str) -> list[tuple[bytes, bytes]]:
        """Keys and values as this project's."""
        told = (msgspec.structs.replace(record, project=project) for record in self.records)
        return [(stripe_event.key_of(record), encode(record)) for record in told]


def history(seed: int) -> History:
    """What ingest publishes of a random account: its events, then the subscriptions that events cut short."""
    fake = FakeStripe(seed=seed, start=START, settings=AccountSettings(livemode=True))
    play(fake.engine, HistorySpec(seed=seed, customers=CUSTOMERS, months=MONTHS))
    events = stripe_records(fake.events, catalogue_of(fake))
    records = [*events, *snapshots(fake, len(events))]
    return History(seed, tuple(decode(one.value or b"", StripeRecord) for one in records))


def shuffled(histories: Iterable[History], dice: Random) -> list[tuple[bytes, bytes]]:
    """All records of all histories, each once or more, in any order."""
    told = [one for each in histories for one in each.of(each.shuffled) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    dice.shuffle(told)
    return told


async def feed(brokers: str, records: Sequence[tuple[bytes, bytes]]) -> None:
    """Publish, and return when the broker has all of it."""
    async with new_producer(brokers) as producer:
        for key, value in records:
            await producer.send(STRIPE_EVENTS.name, value, key=key)
        await producer.flush()
