"""Every metric by its name: one question, all answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Step
from libs.domain.metrics.ahead import mrr_of, scheduled_churn
from libs.domain.metrics.bridge import NOTHING, Bridge, bridges, rounded
from libs.domain.metrics.churn import (
    gross_mrr_churn_rate,
    net_mrr_churn_rate,
    subscriber_churn_rate,
    voluntary_and_involuntary,
)
from libs.domain.metrics.payments import FailedAttempt, Payment, in_period
from libs.domain.metrics.period import Period, Span, span_of
from libs.domain.metrics.rates import Rate, ratio
from libs.domain.metrics.retention import CohortMonth, cohorts, retention
from libs.domain.metrics.trials import trial_counts, trials
from libs.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Money:
    """Exact minor units by currency; `undefined` where a denominator was 0 or several currencies can't be divided."""

    by_currency: Mapping[Currency, Fraction]
    undefined: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    value: Rate


Figure = Money | Ratio | int | tuple[CohortMonth, ...]
UNDEFINED = Money({}, undefined=True)
BRIDGED = tuple(kind for kind in MovementKind if kind is not MovementKind.TRANSFER)
"""What is transferred nets to 0 over the project."""

REVENUE_RATES = (
    "growth_rate",
    "gross_mrr_churn_rate",
    "net_mrr_churn_rate",
    "net_revenue_retention",
    "gross_revenue_retention",
    "quick_ratio",
)


@dataclass(frozen=True, slots=True)
class Present:
    """What holds now: MRR by the ledger's currencies, and the counts of `active_subscriptions` and its like."""

    mrr: Mapping[Currency, Fraction]
    active_subscriptions: int
    active_subscribers: int
    customers: int


@dataclass(frozen=True, slots=True)
class Books:
    """All that the metrics are computed from. `at_risk` are the clients with an open signal; None: not known."""

    movements: tuple[Movement, ...]
    steps: tuple[Step, ...]
    present: Present
    policy: Policy
    now: datetime
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Payment, ...] = ()
    failed_attempts: tuple[FailedAttempt, ...] = ()
    at_risk: frozenset[ClientId] | None = field(default=None)


def figures(books: Books, period: Period) -> dict[str, Figure]:
    """Every metric over `period`, by its name. Amounts of movements are signed; losses in `churned_revenue` and the
    two kinds of churned MRR are not. A rate of revenue needs one currency; with several it is undefined."""
    span = span_of(period, books.policy.timezone)
    by_currency = {code: one for code, one in bridges(books.movements, span).items() if not one.is_empty}
    churn = subscriber_churn_rate(books.movements, span, books.policy.subscriber_churn_formula)
    return {
        **_present(books, churn),
        **_bridged(by_currency),
        "subscriber_churn_rate": Ratio(churn),
        **_rates(books, period, by_currency),
        **_losses(books, span, by_currency),
        **_trials(books, span),
        **_payments(books, span),
        "cohorts": cohorts(books.movements, books.policy.timezone, books.now),
    }


def _present(books: Books, churn: Rate) -> dict[str, Figure]:
    present = books.present
    paying = {code: amount for code, amount in present.mrr.items() if amount} or dict(present.mrr)
    arpa = _divided(paying, Fraction(present.active_subscribers))
    return {
        "mrr": Money(present.mrr),
        "arr": Money({code: 12 * amount for code, amount in present.mrr.items()}),
        "active_subscriptions": present.active_subscriptions,
        "active_subscribers": present.active_subscribers,
        "customers": present.customers,
        "arpa": arpa,
        "ltv": UNDEFINED if arpa.undefined or churn is None else _divided(arpa.by_currency, churn),
        "scheduled_churn": Money(scheduled_churn(books.steps, books.policy, books.now)),
        "revenue_at_risk": UNDEFINED if books.at_risk is None else Money(mrr_of(books.movements, books.at_risk)),
    }


def _bridged(by_currency: Mapping[Currency, Bridge]) -> dict[str, Figure]:
    """Rounded such that the bridge adds up as it is shown."""
    shown = {code: rounded(one) for code, one in by_currency.items()}
    names = ("start", *(kind.value for kind in BRIDGED), "end", "net")
    return {name: Money({code: Fraction(parts[name]) for code, parts in shown.items()}) for name in names}


def _rates(books: Books, period: Period, by_currency: Mapping[Currency, Bridge]) -> dict[str, Figure]:
    if len(by_currency) > 1:
        return dict.fromkeys(REVENUE_RATES, Ratio(None))
    of = next(iter(by_currency.values()), Bridge())
    movements = [one for one in books.movements if one.currency in by_currency]
    kept = retention(movements, span_of(period, books.policy.timezone))
    won = of.by(MovementKind.NEW) + of.by(MovementKind.EXPANSION)
    rates = (
        ratio(of.end - of.start, of.start),
        gross_mrr_churn_rate(movements, period, books.policy),
        net_mrr_churn_rate(movements, period, books.policy),
        kept.net,
        kept.gross,
        ratio(won, of.lost),
    )
    return {name: Ratio(rate) for name, rate in zip(REVENUE_RATES, rates, strict=True)}


def _losses(books: Books, span: Span, by_currency: Mapping[Currency, Bridge]) -> dict[str, Figure]:
    parts = {
        code: voluntary_and_involuntary([one for one in books.movements if one.currency == code], span)
        for code in by_currency
    }
    return {
        "churned_revenue": Money({code: of.lost for code, of in by_currency.items()}),
        "voluntary_churn_mrr": Money({code: voluntary for code, (voluntary, _) in parts.items()}),
        "involuntary_churn_mrr": Money({code: involuntary for code, (_, involuntary) in parts.items()}),
    }


def _trials(books: Books, span: Span) -> dict[str, Figure]:
    counts = trial_counts(trials(books.steps), span)
    return {
        "new_trials": counts.began,
        "trials_ended": counts.ended,
        "trial_conversion_rate": Ratio(counts.conversion_rate),
    }


def _payments(books: Books, span: Span) -> dict[str, Figure]:
    """Revenue is what was paid less what was given back; both are shown beside it."""
    paid = in_period(books.payments, span, books.policy)
    refunded = in_period(books.refunds, span, books.policy)
    codes = sorted({*paid, *refunded})
    return {
        "revenue": Money({code: paid.get(code, NOTHING) - refunded.get(code, NOTHING) for code in codes}),
        "revenue_paid": Money(paid),
        "revenue_refunded": Money(refunded),
        "failed_payments": sum(span.holds(one.at) for one in books.failed_attempts),
    }


def _divided(amounts: Mapping[Currency, Fraction], by: Fraction) -> Money:
    if not by or len(amounts) != 1:
        return UNDEFINED
    return Money({code: amount / by for code, amount in amounts.items()})
