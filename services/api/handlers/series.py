"""`GET /api/metrics/{name}`: a metric by day, week or month in the project's zone, and the same of another period."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
from aiohttp import web

from libs.domain.metrics import Figure, Measured, Period
from libs.domain.metrics import measured as measured_purely
from services.api import series
from services.api.answers import figures
from services.api.asked import Asked
from services.api.bridging import bridged, sums_of
from services.api.cohorts import cohort_months
from services.api.figures_told import cohort_told, told
from services.api.handlers.subscriptions import Content, days, look
from services.api.measuring import Question, measured
from services.api.money import currency_of
from services.api.periods import Compare, Interval, PeriodQuery, before, buckets, compared, period_of
from services.api.problems import FieldError, Refused, bad_query, not_found
from services.api.queries import figures as present
from services.api.queries import movements, parts
from services.api.queries.looks import Look
from services.api.queries.parts import Part
from services.api.segments import bounds_of, thresholds

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SeriesQuery(PeriodQuery, frozen=True, kw_only=True):
    """How the period is cut, what to compare it with, and of which part of the clients."""

    interval: Interval = Interval.DAY
    compare: Compare | None = None
    segment: Word | None = None
    currency: Word | None = None
    client: Word | None = None
    plan: Word | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A series of one metric: of all clients, of one, or of a part."""

    name: str
    look: Look
    currency: str | None
    client: str | None
    part: Part | None


async def metric(asked: Asked) -> web.Response:
    """A metric by day, week or month, and the same of another period. Raises Refused (404) for a metric that
    there is not, (400) for one that has no history or not of that part."""
    shown = asked.path("name")
    if shown == "cohorts":
        return await _cohorts(asked)
    name = series.ALIASES.get(shown, shown)
    query = asked.query(SeriesQuery)
    _refuse_unknown(name, query)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = period_of(query, at.today)
        wanted = await _wanted(name, query, at)
        now = await present.mrr(connection, asked.project, at.scope.livemode)
        usual = query.currency or currency_of(now, at.policy, at.today)
        content: Content = {
            "metric": shown,
            "interval": query.interval,
            "period": days(period),
            "timezone": at.scope.timezone,
            "livemode": at.scope.livemode,
            "points": await _points(wanted, buckets(period, query.interval), usual),
        }
        if query.compare is not None:
            earlier = compared(period, query.compare)
            points = await _points(wanted, buckets(earlier, query.interval), usual)
            content["comparison"] = {"period": days(earlier), "points": points}
    return figures(asked.request, content, at.fresh)


async def _cohorts(asked: Asked) -> web.Response:
    query = asked.query(PeriodQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        found = await cohort_months(connection, at.scope, at.today)
    first, last = query.from_ or date.min, query.to or date.max
    told_months = [cohort_told(one) for one in found if first.replace(day=1) <= one.cohort <= last]
    content = {"metric": "cohorts", "timezone": at.scope.timezone, "livemode": at.scope.livemode}
    return figures(asked.request, {**content, "cohorts": told_months}, at.fresh)


def _refuse_unknown(name: str, query: SeriesQuery) -> None:
    if name in series.PRESENT_ONLY:
        told = f"is known of the present only: ask /api/metrics. With history: {', '.join(sorted(series.NEEDS))}"
        raise Refused(bad_query([FieldError("name", told)]))
    if name not in series.NEEDS:
        raise Refused(not_found(f"metric {name}"))
    partial = query.segment is not None or query.plan is not None
    if partial and name not in series.BRIDGED:
        told = f"is not kept by segment or plan; these are: {', '.join(sorted(series.BRIDGED))}"
        raise Refused(bad_query([FieldError("name", told)]))
    if query.client is not None and (partial or name not in series.OF_LEDGER):
        raise Refused(bad_query([FieldError("client", f"{name} is not kept by client (nor with segment or plan)")]))


async def _wanted(name: str, query: SeriesQuery, at: Look) -> Wanted:
    segment = None
    if query.segment is not None:
        segment = bounds_of(query.segment, await thresholds(at.connection, at.scope.project))
    part = Part(query.plan, segment) if query.plan is not None or segment is not None else None
    currency = None if query.currency is None else query.currency.lower()
    return Wanted(name, at, currency, query.client, part)


async def _points(wanted: Wanted, periods: tuple[Period, ...], usual: str | None) -> list[Content]:
    found = await _measured(wanted, periods)
    if wanted.currency is not None:
        found = [series.narrowed(one, wanted.currency) for one in found]
    codes = {code for one in found for code in one.bridges}
    usual = usual or (next(iter(codes)) if len(codes) == 1 else None)
    values: list[Figure] = series.values(wanted.name, found, wanted.look.policy)
    policy = wanted.look.policy
    return [{**days(one), "value": told(value, policy, usual)} for one, value in zip(periods, values, strict=True)]


async def _measured(wanted: Wanted, periods: tuple[Period, ...]) -> list[Measured]:
    at = wanted.look
    if wanted.client is not None:
        ledger = await movements.of_client(at.connection, at.scope, wanted.client)
        if wanted.name in series.BRIDGED:
            return bridged(sums_of(ledger, periods, at.scope.timezone), len(periods))
        return [measured_purely(ledger, period, at.policy) for period in periods]
    if wanted.part is not None:
        sums = await parts.moved(at.connection, at.scope, wanted.part, (before(periods[0]), *periods))
        return bridged(sums, len(periods))
    return await measured(at.connection, Question(at.scope, at.policy, periods, series.NEEDS[wanted.name]))
