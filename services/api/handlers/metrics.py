"""`GET /api/metrics`: a project's present figures, and those of a period."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from libs.domain.identity import Currency
from libs.domain.ledger.valuation import midnight, valued
from libs.domain.metrics import (
    CohortMonth,
    Figure,
    Measured,
    Money,
    Period,
    Present,
    in_period_figures,
    present_figures,
    subscriber_churn_rate,
)
from libs.domain.metrics.cells import Measure
from libs.domain.policy import FxMode, Policy
from libs.domain.totals import Total, by_currency
from services.api import series
from services.api.answers import figures as figures_answer
from services.api.asked import Asked
from services.api.bridging import worth
from services.api.cohorts import cohort_months
from services.api.database import Connection
from services.api.figures_told import Out, all_told, money_told
from services.api.meanwhile import meanwhile
from services.api.measuring import Question, measured, span
from services.api.money import currency_of, total, yearly
from services.api.periods import DAY, Compare, PeriodQuery, compared, period_of
from services.api.queries import figures, ledger, looks, risk_then, subscriptions
from services.api.queries.figures import Counts
from services.api.queries.ledger import Scope
from services.api.queries.looks import Look
from services.api.segment_figures import SegmentQuestion, of_segment
from services.api.segments import Segment, bounds_of, thresholds

# The names that dashboards know, for the same values.
STRIPE_NAMES = ("mrr", "arr", "revenue", "active_subscriptions", "customers", "failed_payments")
# Told from what customers have now; the ledger keeps the same, but for locked rates.
PRESENT = ("mrr", "arr", "active_subscriptions", "active_subscribers", "customers")


class MetricsQuery(PeriodQuery, frozen=True, kw_only=True):
    """The period, what to show beside it, on request one currency of the ledger alone, and the figures that are kept
    of a segment, beside those of all clients."""

    compare: Compare | None = None
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{3}$")] | None = None
    segment: Segment | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """What a project has at this moment. `ledger` is its MRR in the ledger's currencies; `only`: the one that is asked
    for."""

    mrr: Mapping[str, Fraction]
    at_risk: Mapping[str, Fraction]
    leaving: Mapping[str, Fraction]
    counts: Counts
    ledger: Mapping[Currency, Fraction]
    cohorts: tuple[CohortMonth, ...]
    only: str | None = None

    def narrowed(self, code: str) -> "Now":
        """Its amounts in one currency; what is counted, and cohorts, are of all."""
        return replace(
            self,
            mrr=_only(self.mrr, code),
            at_risk=_only(self.at_risk, code),
            leaving=_only(self.leaving, code),
            ledger={each: amount for each, amount in self.ledger.items() if each == code},
            only=code,
        )


def _only(amounts: Mapping[str, Fraction], code: str) -> Mapping[str, Fraction]:
    return {each: amount for each, amount in amounts.items() if each == code}


async def metrics(asked: Asked) -> web.Response:
    """All figures: those of now, those of the period, and on request those of the period to compare with."""
    query = asked.query(MetricsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await looks.look(connection, asked.project, query.mode)
        policy, scope, today = at.policy, at.scope, at.today
        period = period_of(query, today)
        earlier = None if query.compare is None else compared(period, query.compare)
        if earlier is None:
            then, (now, of, part) = None, await _asked_for(at, query, period, earlier)
        else:
            ended = span(earlier, scope.timezone).end
            risk = partial(risk_then.revenue_at_risk, scope=scope, at=ended)
            async with meanwhile(asked.database, connection, asked.project, risk) as at_risk:
                now, of, part = await _asked_for(at, query, period, earlier)
                then = await _then(connection, Earlier(scope, policy, earlier, query.currency), at_risk)
    usual = currency_of(now.mrr, policy, today)
    if query.currency is not None:
        usual = query.currency.lower()
        now, of = now.narrowed(usual), series.narrowed(of, usual)
    content = {
        "period": _days(period),
        "currency": usual,
        "livemode": scope.livemode,
        "timezone": scope.timezone,
        "metrics": named(now, of, policy, today),
        "incomplete_clients": now.counts.incomplete_clients,
        **({"recounting": msgspec.to_builtins(scope.building)} if scope.building else {}),
    }
    if part is not None:
        content["segment"] = part
    if earlier is not None and then is not None:
        content["comparison"] = {"period": _days(earlier), "metrics": all_told(then, policy, usual)}
    return figures_answer(asked.request, content, at.fresh)


async def _asked_for(
    at: Look, query: MetricsQuery, period: Period, earlier: Period | None
) -> tuple[Now, Measured, Out | None]:
    """What there is now, what moved in the period, and both of a segment."""
    now = await _now(at.connection, at.scope, at.policy, at.today)
    (of,) = await measured(at.connection, Question(at.scope, at.policy, (period,)))
    return now, of, None if query.segment is None else await _part(at, query, period, earlier)


async def _part(at: Look, query: MetricsQuery, period: Period, earlier: Period | None) -> Out:
    segment = bounds_of(query.segment or "", await thresholds(at.connection, at.scope.project))
    code = None if query.currency is None else query.currency.lower()
    return await of_segment(at, SegmentQuestion(segment, period, earlier, code))


@dataclass(frozen=True, slots=True)
class Earlier:
    """The period to compare with, of which ledger, and whether of one currency alone."""

    scope: Scope
    policy: Policy
    period: Period
    currency: str | None


AtRisk = Callable[[], Awaitable[Mapping[str, Fraction]]]


async def _then(connection: Connection, asked: Earlier, risk: AtRisk) -> Mapping[str, Figure]:
    """The figures of an earlier period: what moved in it, and what there was when it ended."""
    scope, policy = asked.scope, asked.policy
    (of,) = await measured(connection, Question(scope, policy, (asked.period,)))
    found = await risk()
    at = midnight(asked.period.last, policy)
    at_risk = by_currency(valued(Total(exact, Currency(code)), None, policy, at).worth for code, exact in found.items())
    if asked.currency is not None:
        code = asked.currency.lower()
        of, at_risk = series.narrowed(of, code), {each: one for each, one in at_risk.items() if each == code}
    return {**in_period_figures(of, policy), **series.at_end(of, policy), "revenue_at_risk": Money(at_risk)}


def named(now: Now, of: Measured, policy: Policy, day: date) -> Out:
    """The figures by the names of the contract."""
    usual = now.only or currency_of(now.mrr, policy, day)
    churn = subscriber_churn_rate(of.clients, policy.subscriber_churn_formula)
    present = Present(now.ledger, now.counts.active_subscriptions, now.counts.active_subscribers, now.counts.customers)
    amounts: dict[str, Mapping[str, Fraction]] = {
        "mrr": now.mrr,
        "arr": yearly(now.mrr),
        "revenue_at_risk": now.at_risk,
        "scheduled_churn": now.leaving,
    }
    values = {
        **all_told({**in_period_figures(of, policy), **present_figures(present, churn)}, policy, usual),
        **{name: _total(exact, policy, day, usual) for name, exact in amounts.items()},
        "cohorts": all_told({"cohorts": now.cohorts}, policy, usual)["cohorts"],
    }
    if policy.base_currency is not None and policy.fx_mode is FxMode.LOCK:
        values["mrr"] = money_told(now.ledger, policy, usual)
        values["arr"] = money_told({code: 12 * amount for code, amount in now.ledger.items()}, policy, usual)
    return values | {f"stripe_{name}": values[name] for name in STRIPE_NAMES}


def _total(exact: Mapping[str, Fraction], policy: Policy, day: date, usual: str | None) -> Out:
    """An amount of now, at the rates of `day`; nothing at all in the usual currency."""
    if not exact and usual is not None:
        return money_told({}, policy, usual)
    return total(exact, policy, day)


async def _now(connection: Connection, scope: Scope, policy: Policy, today: date) -> Now:
    project, livemode = scope.project, scope.livemode
    mrr = await figures.mrr(connection, project, livemode)
    return Now(
        mrr=mrr,
        at_risk=await figures.revenue_at_risk(connection, project, livemode),
        leaving=await subscriptions.scheduled_churn(connection, project, livemode, datetime.now(UTC)),
        counts=await figures.counts(connection, project, livemode),
        ledger=await ledger_worth(connection, scope, policy, mrr),
        cohorts=await cohort_months(connection, scope, today),
    )


async def ledger_worth(
    connection: Connection, scope: Scope, policy: Policy, mrr: Mapping[str, Fraction]
) -> Mapping[Currency, Fraction]:
    """Present MRR as the ledger has it: at today's rates, or at those of the movements where rates are locked."""
    today = datetime.now(ZoneInfo(scope.timezone)).date()
    if policy.base_currency is not None and policy.fx_mode is FxMode.LOCK:
        return worth(await ledger.before(connection, scope, (Measure.MOVED,), today + DAY))
    at = midnight(today, policy)
    return by_currency(valued(Total(exact, Currency(code)), None, policy, at).worth for code, exact in mrr.items())


def _days(period: Period) -> dict[str, date]:
    return {"from": period.first, "to": period.last}
