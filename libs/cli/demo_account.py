"""The make-believe merchant of the demo: a played history, then life as it happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play, steps
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.settings import STATE_EVENTS, AccountSettings
from libs.fake_stripe.worth import Appraisal, in_words

MONTHS = 6
DAYS_AT_ONCE = 3
DAY_SECONDS = 24 * 60 * 60


class DemoAccount:
    """A fake account that began so many days ago. The same seed plays the same lives."""

    def __init__(self, seed: int, customers: int, days: int = 30 * MONTHS) -> None:
        start = datetime.now(UTC) - timedelta(days=days, minutes=1)
        # The endpoint asks for what changes revenue and risk, as the documentation tells people to.
        self.fake = FakeStripe(
            seed=seed, start=start, settings=AccountSettings(livemode=True, event_types=STATE_EVENTS)
        )
        self._spec = HistorySpec(seed=seed, customers=customers, months=MONTHS)
        self.days = 30 * MONTHS
        self._dice = Random(seed)  # noqa: S311 - a history, not a secret
        self._told = 0

    def play_history(self) -> None:
        """Live through the past months; takes a few seconds."""
        play(self.fake.engine, self._spec)

    def days_lived(self) -> Iterator[int]:
        """The same a few days at a time, as it happens to an account that is connected; gives the days lived so far."""
        begin = self.fake.clock.now
        told = 0
        for second in steps(self.fake.engine, self._spec):
            days = int(second - begin) // DAY_SECONDS
            if days >= told + DAYS_AT_ONCE:
                told = days
                yield told
        yield self.days

    def catch_up(self) -> None:
        """Let the account's clock be what it really is: renewals and endings that fell due happen."""
        self.fake.engine.advance_clock(max(datetime.now(UTC), self.now))

    def live_on(self) -> None:
        """Something happens to somebody: a new client, another quantity, a payment that fails or succeeds."""
        self.catch_up()
        play(self.fake.engine, HistorySpec(seed=self._dice.randrange(10**9), customers=1, months=0))

    def news(self) -> list[Json]:
        """The events since the last call, oldest first."""
        fresh = list(self.fake.events[self._told :])
        self._told += len(fresh)
        return fresh

    @property
    def now(self) -> datetime:
        """The account's own time."""
        return datetime.fromtimestamp(self.fake.clock.now, UTC)

    def worth(self) -> dict[str, dict[str, Fraction]]:
        """What each client is worth a month at this moment by currency, worked out from the account's objects."""
        self.catch_up()
        appraised = Appraisal(self.fake.world.store, self.fake.clock.now).by_customer()
        worth = {
            f"customer:{customer}": {currency: amount for currency, amount in amounts.items() if amount}
            for customer, amounts in appraised.items()
        }
        return {client: amounts for client, amounts in worth.items() if amounts}


def written(worth: dict[str, Fraction]) -> dict[str, str]:
    """Amounts as the API shows them."""
    return {currency: in_words(amount, currency) for currency, amount in sorted(worth.items())}


def total(worth: dict[str, dict[str, Fraction]]) -> dict[str, str]:
    """The exact sum over all clients by currency, rounded once."""
    sums: dict[str, Fraction] = {}
    for amounts in worth.values():
        for currency, amount in amounts.items():
            sums[currency] = sums.get(currency, Fraction(0)) + amount
    return written(sums)
