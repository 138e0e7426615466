"""Every metric by its name: one question, all answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Step
from libs.domain.metrics.ahead import mrr_of, scheduled_churn
from libs.domain.metrics.bridge import NOTHING, Bridge, rounded
from libs.domain.metrics.churn import added_up, gross_churn, net_churn, subscriber_churn_rate
from libs.domain.metrics.measured import Measured, measured
from libs.domain.metrics.payments import FailedAttempt, Payment, in_period
from libs.domain.metrics.period import Period, span_of
from libs.domain.metrics.rates import Rate, ratio
from libs.domain.metrics.retention import CohortMonth, cohorts
from libs.domain.metrics.trials import trial_counts, trials
from libs.domain.policy import ChurnFormula, Policy


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
BRIDGE_NAMES = ("start", *(kind.value for kind in BRIDGED), "end", "net")
LOSSES = ("churned_revenue", "voluntary_churn_mrr", "involuntary_churn_mrr")
PAYMENTS = ("revenue", "revenue_paid", "revenue_refunded", "failed_payments")

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
    of = _measured(books, period)
    found = in_period_figures(of, books.policy)
    present = _present(books, subscriber_churn_rate(of.clients, books.policy.subscriber_churn_formula))
    return {**present, **found, "cohorts": cohorts(books.movements, books.policy.timezone, books.now)}


def in_period_figures(of: Measured, policy: Policy) -> dict[str, Figure]:
    """The metrics that speak of a period."""
    return {
        **_bridged(of.bridges),
        "subscriber_churn_rate": Ratio(subscriber_churn_rate(of.clients, policy.subscriber_churn_formula)),
        **_rates(of, policy),
        **_losses(of),
        **_trials(of),
        **_payments(of),
    }


def in_period_figure(name: str, of: Measured, policy: Policy) -> Figure:
    """One of them, without working out the others. Raises KeyError for a name that is none."""
    if name in BRIDGE_NAMES:
        return Money({code: Fraction(rounded(one)[name]) for code, one in of.bridges.items()})
    if name in REVENUE_RATES:
        return _rate(name, of, policy)
    if name in LOSSES:
        return _losses(of)[name]
    if name in PAYMENTS:
        return _payments(of)[name]
    if name == "subscriber_churn_rate":
        return Ratio(subscriber_churn_rate(of.clients, policy.subscriber_churn_formula))
    return _trials(of)[name]


def present_figures(present: Present, churn: Rate) -> dict[str, Figure]:
    """The metrics that speak of now; life-time value by the subscriber churn rate of the period."""
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
    }


def _measured(books: Books, period: Period) -> Measured:
    span = span_of(period, books.policy.timezone)
    return replace(
        measured(books.movements, period, books.policy),
        trials=trial_counts(trials(books.steps), span),
        paid=in_period(books.payments, span, books.policy),
        refunded=in_period(books.refunds, span, books.policy),
        failed_payments=sum(span.holds(one.at) for one in books.failed_attempts),
    )


def _present(books: Books, churn: Rate) -> dict[str, Figure]:
    return {
        **present_figures(books.present, churn),
        "scheduled_churn": Money(scheduled_churn(books.steps, books.policy, books.now)),
        "revenue_at_risk": UNDEFINED if books.at_risk is None else Money(mrr_of(books.movements, books.at_risk)),
    }


def _bridged(by_currency: Mapping[Currency, Bridge]) -> dict[str, Figure]:
    """Rounded such that the bridge adds up as it is shown."""
    shown = {code: rounded(one) for code, one in by_currency.items()}
    return {name: Money({code: Fraction(parts[name]) for code, parts in shown.items()}) for name in BRIDGE_NAMES}


def _rates(measured: Measured, policy: Policy) -> dict[str, Figure]:
    return {name: _rate(name, measured, policy) for name in REVENUE_RATES}


def _rate(name: str, measured: Measured, policy: Policy) -> Ratio:
    if len(measured.bridges) > 1:
        return Ratio(None)
    of = next(iter(measured.bridges.values()), Bridge())
    kept = next(iter(measured.kept.values()), Bridge())
    days = measured.daily if policy.churn_formula is ChurnFormula.DAILY_SUM else (of,)
    rate: Rate
    match name:
        case "growth_rate":
            rate = ratio(of.net, of.start)
        case "gross_mrr_churn_rate":
            rate = added_up(map(gross_churn, days))
        case "net_mrr_churn_rate":
            rate = added_up(map(net_churn, days))
        case "net_revenue_retention":
            rate = ratio(kept.start - kept.lost + kept.by(MovementKind.EXPANSION), kept.start)
        case "gross_revenue_retention":
            rate = ratio(kept.start - kept.lost, kept.start)
        case _:
            rate = ratio(of.by(MovementKind.NEW) + of.by(MovementKind.EXPANSION), of.lost)
    return Ratio(rate)


def _losses(measured: Measured) -> dict[str, Figure]:
    churned = {code: -of.by(MovementKind.CHURN) for code, of in measured.bridges.items()}
    unwanted = {code: measured.involuntary.get(code, NOTHING) for code in churned}
    return {
        "churned_revenue": Money({code: of.lost for code, of in measured.bridges.items()}),
        "voluntary_churn_mrr": Money({code: churned[code] - unwanted[code] for code in churned}),
        "involuntary_churn_mrr": Money(unwanted),
    }


def _trials(of: Measured) -> dict[str, Figure]:
    return {
        "new_trials": of.trials.began,
        "trials_ended": of.trials.ended,
        "trial_conversion_rate": Ratio(of.trials.conversion_rate),
    }


def _payments(of: Measured) -> dict[str, Figure]:
    """Revenue is what was paid less what was given back; both are shown beside it."""
    codes = sorted({*of.paid, *of.refunded})
    return {
        "revenue": Money({code: of.paid.get(code, NOTHING) - of.refunded.get(code, NOTHING) for code in codes}),
        "revenue_paid": Money(of.paid),
        "revenue_refunded": Money(of.refunded),
        "failed_payments": of.failed_payments,
    }


def _divided(amounts: Mapping[Currency, Fraction], by: Fraction) -> Money:
    if not by or len(amounts) != 1:
        return UNDEFINED
    return Money({code: amount / by for code, amount in amounts.items()})
