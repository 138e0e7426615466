"""What an amount is worth in the ledger's currency: the base currency where there is one and a rate, else its own."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from libs.domain.identity import Currency
from libs.domain.money import converted
from libs.domain.policy import FxMode, Policy, rate_on
from libs.domain.totals import Total
from libs.domain.value import value


@value(frozen=True, slots=True)
class Holding:
    """What one subscription adds: in its own currency, and what the ledger says that it is worth."""

    own: Total
    worth: Total


def valued(own: Total, before: Holding | None, policy: Policy, at: datetime) -> Holding:
    """`own` as it is worth from `at` on, where `before` is what the same subscription added until then.

    Spot: at the rate of the day. Locked: what is added, at the rate of its day; what is taken away, at what that part
    was worth, so that nothing remains when all is gone. Without a rate it stays in its own currency.
    """
    spot = _spot(own, policy, at)
    if policy.fx_mode is FxMode.SPOT or before is None or before.own.currency != own.currency:
        return Holding(own, spot)
    if before.worth.currency != spot.currency or before.own.amount <= 0:
        return Holding(own, spot)
    if own.amount <= before.own.amount:
        return Holding(own, Total(before.worth.amount * own.amount / before.own.amount, spot.currency))
    added = _spot(Total(own.amount - before.own.amount, own.currency), policy, at)
    return Holding(own, Total(before.worth.amount + added.amount, spot.currency))


def rate_changes(policy: Policy, currencies: Collection[Currency], span: tuple[datetime, datetime]) -> list[datetime]:
    """The instants after the first of `span`, up to the last, at which a rate of `currencies` begins to hold.

    They are midnights of the project's zone. The base currency has no rate.
    """
    base, first, last = policy.base_currency, day_of(span[0], policy), day_of(span[1], policy)
    if base is None:
        return []
    days = {rate.day for rate in policy.fx if rate.day and first < rate.day <= last and rate.currency in currencies}
    return [midnight(day, policy) for day in sorted(days)]


def next_rate_change(policy: Policy, currencies: Collection[Currency], after: datetime) -> datetime | None:
    """The first instant after `after` at which a rate of `currencies` that is known already begins to hold."""
    if policy.base_currency is None:
        return None
    today = day_of(after, policy)
    days = [rate.day for rate in policy.fx if rate.day is not None and rate.day > today and rate.currency in currencies]
    return midnight(min(days), policy) if days else None


def midnight(day: date, policy: Policy) -> datetime:
    """When `day` begins in the project's zone."""
    return datetime.combine(day, time.min, ZoneInfo(policy.timezone)).astimezone(UTC)


def day_of(at: datetime, policy: Policy) -> date:
    """The day that `at` falls on in the project's zone."""
    return at.astimezone(ZoneInfo(policy.timezone)).date()


def _spot(own: Total, policy: Policy, at: datetime) -> Total:
    base: Currency | None = policy.base_currency
    if base is None or own.currency == base:
        return own
    rate = rate_on(policy.fx, own.currency, day_of(at, policy))
    return own if rate is None else Total(converted(own.amount, own.currency, base, rate.rate), base)
