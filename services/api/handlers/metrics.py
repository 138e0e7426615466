"""`GET /api/metrics`: a project's present figures, and those of a period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from libs.domain.policy import Policy
from services.api.answers import figures as figures_answer
from services.api.asked import Asked
from services.api.freshness import freshness
from services.api.money import currency_of, total
from services.api.parameters import Query
from services.api.problems import FieldError, Refused, bad_query
from services.api.queries import figures, projects
from services.api.queries.figures import Counts, Span

TRAILING_DAYS = 30
MONTHS_A_YEAR = 12
# The names that dashboards know, for the same values.
STRIPE_NAMES = ("mrr", "arr", "active_subscriptions", "customers", "failed_payments")


class MetricsQuery(Query, frozen=True, kw_only=True):
    """The period's first and last day in the project's time zone, and whether live or test data is meant."""

    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    mode: Literal["live", "test"] | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """Both days are included."""

    first: date
    last: date

    def span(self, timezone: str) -> Span:
        """From the first day's beginning to the last one's end, there."""
        zone = ZoneInfo(timezone)
        start = datetime.combine(self.first, time.min, zone)
        end = datetime.combine(self.last + timedelta(days=1), time.min, zone)
        return Span(start.astimezone(UTC), end.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Figures:
    """What PostgreSQL knows of a project at one moment."""

    mrr: Mapping[str, Fraction]
    at_risk: Mapping[str, Fraction]
    counts: Counts
    failed_payments: int


async def metrics(asked: Asked) -> web.Response:
    """All figures that can be told now."""
    query = asked.query(MetricsQuery)
    async with asked.database.reading(asked.project) as connection:
        policy = (await projects.settings(connection, asked.project)).policy()
        today = datetime.now(ZoneInfo(policy.timezone)).date()
        period = period_of(query, today)
        livemode = await projects.livemode(connection, asked.project, query.mode)
        found = Figures(
            mrr=await figures.mrr(connection, asked.project, livemode),
            at_risk=await figures.revenue_at_risk(connection, asked.project, livemode),
            counts=await figures.counts(connection, asked.project, livemode),
            failed_payments=await figures.failed_payments(
                connection, asked.project, livemode, period.span(policy.timezone)
            ),
        )
        fresh = await freshness(connection)
    content = {
        "period": {"from": period.first, "to": period.last},
        "currency": currency_of(found.mrr, policy, today),
        "livemode": livemode,
        "metrics": named(found, policy, today),
        "incomplete_clients": found.counts.incomplete_clients,
    }
    return figures_answer(asked.request, content, fresh)


def period_of(query: MetricsQuery, today: date) -> Period:
    """The period asked for; by default the 30 days that end today. Raises Refused when it ends before it begins."""
    last = query.to or max(today, query.from_ or today)
    try:
        first = query.from_ or last - timedelta(days=TRAILING_DAYS - 1)
        after = last + timedelta(days=1)
    except OverflowError as error:
        raise Refused(bad_query([FieldError("to", "is out of range")])) from error
    if first >= after:
        raise Refused(bad_query([FieldError("from", f"must not be later than {last}, the end of the period")]))
    return Period(first, last)


def named(found: Figures, policy: Policy, day: date) -> dict[str, object]:
    """The figures by the names of the contract. Those that need the ledger join with it."""
    yearly = {currency: exact * MONTHS_A_YEAR for currency, exact in found.mrr.items()}
    values: dict[str, object] = {
        "mrr": total(found.mrr, policy, day),
        "arr": total(yearly, policy, day),
        "active_subscriptions": found.counts.active_subscriptions,
        "active_subscribers": found.counts.active_subscribers,
        "customers": found.counts.customers,
        "failed_payments": found.failed_payments,
        "revenue_at_risk": total(found.at_risk, policy, day),
    }
    return values | {f"stripe_{name}": values[name] for name in STRIPE_NAMES}
