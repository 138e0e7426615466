"""Metrics: of now, of a period, over time; segments and exchange rates."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from services.api.models.answer import Answer, Currency, Days, Exact, Fresh, Rate, Recounting, Total, one_of
from services.api.periods import Interval

Month = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}$")]
Count = Annotated[int, Meta(ge=0)]


class CohortMonth(Answer, frozen=True):
    """Of the clients that came in the month `cohort`: how much is left `month` months later."""

    cohort: Month
    month: int
    subscriber_retention: Rate | None
    revenue_retention: Rate | None


class Moved(Answer, frozen=True):
    """What the bridge of a period tells."""

    start: Total | None
    new: Total | None
    expansion: Total | None
    contraction: Total | None
    churn: Total | None
    reactivation: Total | None
    fx: Total | None
    end: Total | None
    net: Total | None
    growth_rate: Rate | None
    quick_ratio: Rate | None
    churned_revenue: Total | None


class BridgeMetrics(Moved, frozen=True):
    """The metrics that follow from the bridge of a period alone. An amount is null where several currencies can't be
    divided."""

    mrr: Total | None
    arr: Total | None


class SegmentMetrics(BridgeMetrics, frozen=True):
    """What is kept of a segment: `mrr`, `arr` and `revenue_at_risk` of now, the rest of the period."""

    revenue_at_risk: Total | None


class SegmentFigures(Answer, frozen=True):
    """Figures of the clients that are in the segment now; `comparison`: of the same clients in the other period."""

    segment: Literal["enterprise", "growth", "starter"]
    clients: Count
    metrics: SegmentMetrics
    comparison: BridgeMetrics | UnsetType = UNSET


class PeriodMetrics(Moved, frozen=True):
    """The metrics that speak of a period. An amount is null where several currencies can't be divided."""

    gross_mrr_churn_rate: Rate | None
    net_mrr_churn_rate: Rate | None
    net_revenue_retention: Rate | None
    gross_revenue_retention: Rate | None
    subscriber_churn_rate: Rate | None
    voluntary_churn_mrr: Total | None
    involuntary_churn_mrr: Total | None
    new_trials: Count
    trials_ended: Count
    trial_conversion_rate: Rate | None
    revenue: Total | None
    revenue_paid: Total | None
    revenue_refunded: Total | None
    failed_payments: Count


class EarlierMetrics(PeriodMetrics, frozen=True):
    """The metrics of an earlier period, and what there was when it ended."""

    mrr: Total | None
    arr: Total | None
    active_subscribers: Count
    arpa: Total | None
    ltv: Total | None
    revenue_at_risk: Total | None


class AllMetrics(PeriodMetrics, frozen=True):
    """All metrics: those of now and those of the period. `stripe_…` are the same under the names dashboards know."""

    mrr: Total | None
    arr: Total | None
    active_subscriptions: Count
    active_subscribers: Count
    customers: Count
    arpa: Total | None
    ltv: Total | None
    revenue_at_risk: Total | None
    scheduled_churn: Total | None
    cohorts: list[CohortMonth]
    stripe_mrr: Total | None
    stripe_arr: Total | None
    stripe_revenue: Total | None
    stripe_active_subscriptions: Count
    stripe_customers: Count
    stripe_failed_payments: Count


class Comparison(Answer, frozen=True):
    """The metrics of the period to compare with."""

    period: Days
    metrics: EarlierMetrics


class Metrics(Fresh, frozen=True):
    """A project's figures. `currency` is null where amounts are told by currency."""

    period: Days
    currency: Currency | None
    livemode: bool
    timezone: str
    metrics: AllMetrics
    incomplete_clients: Annotated[Count, Meta(description="Clients whose MRR lacks what Stripe has not told.")]
    recounting: Recounting | UnsetType = UNSET
    comparison: Comparison | UnsetType = UNSET
    segment: SegmentFigures | UnsetType = UNSET


# An amount, a count, or a rate: what the metric is.
Value = Annotated[
    object,
    Meta(
        extra_json_schema={
            "anyOf": [*one_of("Money", "MoneyByCurrency")["oneOf"], {"type": "integer"}, {"type": "string"}]
        }
    ),
]


class Point(Answer, frozen=True):
    """The metric in one day, week or month: an amount, a count or a rate; null where it is undefined."""

    from_: date = field(name="from")
    to: date
    value: Value | None


class SeriesBefore(Answer, frozen=True):
    """The same of the period to compare with."""

    period: Days
    points: list[Point]


class Series(Fresh, frozen=True):
    """A metric over time."""

    metric: str
    interval: Interval
    period: Days
    timezone: str
    livemode: bool
    points: list[Point]
    comparison: SeriesBefore | UnsetType = UNSET


class Cohorts(Fresh, frozen=True):
    """Retention by the month in which clients came."""

    metric: Literal["cohorts"]
    timezone: str
    livemode: bool
    cohorts: list[CohortMonth]


class Thresholds(Answer, frozen=True):
    """The MRR (major units) from which on a client is in the segment; less than `growth` is a starter."""

    enterprise: str
    growth: str


class Segment(Answer, frozen=True):
    """How many clients a segment has, and their MRR."""

    segment: Literal["enterprise", "growth", "starter", "at_risk"]
    clients: Count
    mrr: Total


class Segments(Fresh, frozen=True):
    """All segments."""

    thresholds: Thresholds
    livemode: bool
    data: list[Segment]


class FxRate(Answer, frozen=True):
    """What one unit of a currency is worth in the base currency, from a day on (without one: always)."""

    currency: Currency
    rate: Exact
    date: Annotated[str, Meta(extra_json_schema={"format": "date"})] | UnsetType = UNSET
    source: str | UnsetType = UNSET


class FxRates(Answer, frozen=True):
    """The rates that are held. `missing_rates`: currencies that have MRR but no rate."""

    base_currency: Currency | None
    rates: list[FxRate]
    missing_rates: list[Currency]
    version: int
