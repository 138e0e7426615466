"""The parts of a client's health, each from 0 to 100 with its reason. Pure functions of facts and an instant."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from libs.domain.health.settings import HealthSettings
from libs.domain.identity import Currency
from libs.domain.invoice import PaymentOutcome
from libs.domain.money import round_half_up, shown
from libs.domain.risk.context import RiskContext
from libs.domain.risk.facts import SubscriptionFact
from libs.domain.risk.signal import MrrAtRisk, Severity, Signal, SignalRule, SignalStatus
from libs.domain.value import value

BEST = 100
STEADY = 75
"""The trend of a client that pays what it paid."""

GROWTH_FOR_ALL = Fraction(1, 10)
"""Growth that makes the trend the best."""

FAILED_ATTEMPT, OPEN_FAILURE = 20, 30
SIGNAL: Mapping[Severity, int] = {Severity.LOW: 5, Severity.MEDIUM: 15, Severity.HIGH: 30, Severity.CRITICAL: 50}
HANDLED = frozenset({SignalStatus.ACKNOWLEDGED, SignalStatus.SNOOZED})
NOTHING = Fraction(0)


@value(frozen=True, slots=True)
class Judgement:
    """0 to 100, and why."""

    value: int
    why: str


def revenue_tier(amounts: Iterable[MrrAtRisk], settings: HealthSettings) -> Judgement:
    """How much hangs on the client: the tier of what it pays in its largest currency."""
    largest = max(amounts, key=lambda one: one.amount, default=None)
    if largest is None:
        return Judgement(0, "pays nothing now")
    tier = sum(largest.amount >= start for start in settings.revenue_tiers)
    value = (2 * BEST * tier // len(settings.revenue_tiers) + 1) // 2
    pays = f"{shown(largest.amount, largest.currency)} {largest.currency.upper()} a month"
    return Judgement(value, f"{pays}: tier {tier} of {len(settings.revenue_tiers)}")


def payment_health(context: RiskContext, signals: Sequence[Signal], settings: HealthSettings) -> Judgement:
    """How payments went: failed attempts of the last days, and whether one is still open."""
    since = context.now - timedelta(days=settings.payment_days)
    failed = sum(since < at <= context.now for at in failed_attempts(context))
    is_open = any(one.rule is SignalRule.PAYMENT_FAILED and one.status is not SignalStatus.RESOLVED for one in signals)
    value = max(0, BEST - FAILED_ATTEMPT * failed - (OPEN_FAILURE if is_open else 0))
    told = f"{failed or 'no'} failed attempt{'' if failed == 1 else 's'} in {settings.payment_days} days"
    return Judgement(value, f"{told}; a payment is still open" if is_open else told)


def failed_attempts(context: RiskContext) -> list[datetime]:
    """When attempts failed, each once: an invoice's versions may tell of one attempt several times."""
    first: dict[tuple[str, int], datetime] = {}
    for payments in context.risk.payments:
        for one in payments:
            place = one.invoice, one.attempt
            if one.outcome is PaymentOutcome.FAILED and place not in first:
                first[place] = one.at
    return sorted(first.values())


def subscription_trend(context: RiskContext, settings: HealthSettings) -> Judgement:
    """What the subscriptions are worth, next to what they were worth some time ago."""
    then = context.now - timedelta(days=settings.trend_days)
    now_worth = worth_at(context.subscriptions, context.now)
    before = worth_at(context.subscriptions, then)
    currency = max({**before, **now_worth}, key=lambda code: (now_worth.get(code, NOTHING), code), default=None)
    if currency is None or not (before.get(currency) or now_worth.get(currency)):
        return Judgement(0, "no paid subscription")
    was, is_now = before.get(currency, NOTHING), now_worth.get(currency, NOTHING)
    if not was:
        return Judgement(BEST, f"new within {settings.trend_days} days")
    if is_now == was:
        return Judgement(STEADY, f"+0 % in {settings.trend_days} days")
    change = (is_now - was) / was
    words = f"{round_half_up(change * BEST):+d} % in {settings.trend_days} days"
    return Judgement(_trend(change), words)


def _trend(change: Fraction) -> int:
    if change < 0:
        return round_half_up(STEADY * (1 + change))
    return round_half_up(STEADY + (BEST - STEADY) * min(Fraction(1), change / GROWTH_FOR_ALL))


def worth_at(lines: Iterable[Sequence[SubscriptionFact]], at: datetime) -> dict[Currency, Fraction]:
    """What the subscriptions that paid at an instant were worth. Before what is known of one, it was what it first
    was, from its start on."""
    sums: dict[Currency, Fraction] = {}
    for line in lines:
        known = [version.content for version in line if version.at <= at]
        first = line[0].content
        if not known and first.started_at is not None and first.started_at <= at:
            known = [first]
        if known and known[-1].pays:
            code, worth = known[-1].currency, known[-1].worth
            sums[code] = sums[code] + worth if code in sums else worth
    return sums


def open_signals(signals: Iterable[Signal]) -> Judgement:
    """What is wrong now, by severity; half of it where somebody has taken it in hand."""
    standing = [one for one in signals if one.status is not SignalStatus.RESOLVED]
    handled = sum(one.status in HANDLED for one in standing)
    halves = sum(SIGNAL[one.severity] * (1 if one.status in HANDLED else 2) for one in standing)
    told = f"{len(standing) or 'no'} open signal{'' if len(standing) == 1 else 's'}"
    if standing:
        told = f"{told} ({', '.join(sorted({one.rule.value for one in standing}))}), {handled} in hand"
    return Judgement(max(0, BEST - (halves + 1) // 2), told)
