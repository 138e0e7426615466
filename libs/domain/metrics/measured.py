"""What all metrics of a period follow from: bridges, and how many clients came, left and stayed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Reason
from libs.domain.metrics.bridge import NOTHING, Bridge, active_clients, bridge, bridges
from libs.domain.metrics.period import Period, Span, span_of
from libs.domain.metrics.trials import TrialCounts
from libs.domain.policy import ChurnFormula, Policy

Sums = Mapping[Currency, Fraction]
NO_TRIALS = TrialCounts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Clients:
    """How many have MRR at the start; are new in the period; left in it; were there, left, and are away at its end;
    have MRR at its end."""

    at_start: int = 0
    new: int = 0
    churned: int = 0
    gone: int = 0
    at_end: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one period. `bridges` are those that are not empty; `kept` what moved of the clients who were there at the
    start; `daily` each day's bridge, where the policy sums daily rates and there is one currency.

    `paid` and `refunded` are in the base currency where there is one and a rate."""

    bridges: Mapping[Currency, Bridge]
    kept: Mapping[Currency, Bridge] = field(default_factory=dict)
    daily: tuple[Bridge, ...] = ()
    involuntary: Sums = field(default_factory=dict)
    clients: Clients = Clients()
    trials: TrialCounts = NO_TRIALS
    paid: Sums = field(default_factory=dict)
    refunded: Sums = field(default_factory=dict)
    failed_payments: int = 0


def measured(movements: Sequence[Movement], period: Period, policy: Policy) -> Measured:
    """What the ledger says of the period; trials and payments are not in it."""
    span = span_of(period, policy.timezone)
    found = {code: one for code, one in bridges(movements, span).items() if not one.is_empty}
    there = active_clients(movements, span)
    parts = {code: [one for one in movements if one.currency == code] for code in found}
    return Measured(
        bridges=found,
        kept={code: bridge((one for one in part if one.client in there), span) for code, part in parts.items()},
        daily=_daily(parts, period, policy),
        involuntary={code: involuntary(part, span) for code, part in parts.items()},
        clients=clients(movements, span),
    )


def clients(movements: Sequence[Movement], span: Span) -> Clients:
    """Who was there, came and left."""
    there, churned = active_clients(movements, span), _with(movements, span, MovementKind.CHURN)
    at_end = active_clients(movements, Span(span.end, span.end))
    return Clients(
        at_start=len(there),
        new=len(_with(movements, span, MovementKind.NEW)),
        churned=len(churned),
        gone=len((churned & there) - at_end),
        at_end=len(at_end),
    )


def involuntary(movements: Iterable[Movement], span: Span) -> Fraction:
    """Churned MRR that failed payments took; the rest is what subscribers decided."""
    churned = (one for one in movements if one.kind is MovementKind.CHURN and span.holds(one.occurred_at))
    return -sum((one.amount for one in churned if one.reason is Reason.PAYMENT_FAILURE), NOTHING)


def _with(movements: Iterable[Movement], span: Span, kind: MovementKind) -> frozenset[ClientId]:
    return frozenset(one.client for one in movements if one.kind is kind and span.holds(one.occurred_at))


def _daily(parts: Mapping[Currency, Sequence[Movement]], period: Period, policy: Policy) -> tuple[Bridge, ...]:
    if policy.churn_formula is ChurnFormula.STANDARD or len(parts) != 1:
        return ()
    ((_, movements),) = parts.items()
    return tuple(bridge(movements, span_of(day, policy.timezone)) for day in period.days())
