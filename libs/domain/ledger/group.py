"""Changes that count as one: those of one second, and those within the grouping window of the first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from libs.domain.identity import Currency, EventId, SubscriptionId
from libs.domain.ledger.classification import ClientStanding
from libs.domain.ledger.level import Level
from libs.domain.ledger.reason import Reason, reason_of
from libs.domain.ledger.valuation import Holding
from libs.domain.subscription import Cancellation
from libs.domain.totals import Total, by_currency
from libs.domain.value import value

NOTHING = Fraction(0)


@dataclass(slots=True)
class Moved:
    """One subscription within a group: what it was at first, what it is at last, and the levels between."""

    before: Level | None
    worth_before: Holding | None
    after: Level
    worth: Holding
    levels: list[Level] = field(default_factory=list)

    def by(self, currency: Currency) -> Fraction:
        """How much it moved the balance in `currency`."""
        return _worth_in(self.worth, currency) - _worth_in(self.worth_before, currency)

    def own(self, currency: Currency) -> list[Total]:
        """How much it moved in its own currency, where that is kept in `currency`."""
        found = [] if self.worth.worth.currency != currency else [self.worth.own]
        before = self.worth_before
        if before is not None and before.worth.currency == currency:
            found.append(Total(-before.own.amount, before.own.currency))
        return found


def _worth_in(holding: Holding | None, currency: Currency) -> Fraction:
    return holding.worth.amount if holding is not None and holding.worth.currency == currency else NOTHING


@dataclass(slots=True)
class Group:
    """It began at `at`, when the client stood so and had this balance."""

    at: datetime
    standing: ClientStanding
    balance: dict[Currency, Fraction]
    moved: dict[SubscriptionId, Moved] = field(default_factory=dict)

    def add(self, before: tuple[Level, Holding] | None, after: Level, worth: Holding) -> None:
        """One more level that changes an amount; `before` is what held of the same subscription."""
        moved = self.moved.get(after.subscription)
        if moved is None:
            level, held = before if before is not None else (None, None)
            moved = self.moved[after.subscription] = Moved(level, held, after, worth)
        moved.levels.append(after)
        moved.after, moved.worth = after, worth


@value(frozen=True, slots=True)
class Account:
    """What a group says of one currency's movement."""

    main: Moved
    reason: Reason
    cancellation: Cancellation | None
    estimated: bool
    caused_by: tuple[EventId, ...]
    own: tuple[Total, ...]
    recorded_at: datetime


def account(group: Group, currency: Currency, amount: Fraction) -> Account | None:
    """Who moved the balance in `currency` by `amount`, why, and by which events. None: nothing touched it.

    The subscription that moved it most in that direction gives the reason.
    """
    part = [
        moved for moved in group.moved.values() if moved.by(currency) or any(one.amount for one in moved.own(currency))
    ]
    own = tuple(
        Total(total, code)
        for code, total in by_currency(one for moved in part for one in moved.own(currency)).items()
        if total
    )
    if not part or not (amount or own):
        return None
    sign = 1 if amount > 0 else -1
    main = min(part, key=lambda moved: (-sign * moved.by(currency), moved.after.subscription))
    reason = reason_of(main.before, main.after) if amount else Reason.CURRENCY_CHANGE
    return Account(
        main=main,
        reason=reason,
        cancellation=main.after.cancellation,
        estimated=any(level.estimated for moved in part for level in moved.levels),
        caused_by=_causes(level for moved in part for level in moved.levels),
        recorded_at=max(max(level.at, level.told_at) for moved in part for level in moved.levels),
        own=own,
    )


def _causes(levels: Iterable[Level]) -> tuple[EventId, ...]:
    ordered = sorted(levels, key=lambda level: (level.at, level.subscription))
    return tuple(dict.fromkeys(event for level in ordered for event in level.caused_by))
