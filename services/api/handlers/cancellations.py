"""`GET /api/cancellations`: who canceled or is about to, and churned MRR by reason and feedback over time."""

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction

from aiohttp import web

from libs.domain.identity import Currency
from libs.domain.metrics import Period
from libs.domain.metrics.cells import Measure, parts_of
from services.api.answers import figures
from services.api.asked import Asked
from services.api.figures_told import money_told
from services.api.handlers.subscriptions import Content, PagedQuery, days, listed, look, within
from services.api.periods import Interval, buckets, period_of
from services.api.queries import ledger
from services.api.queries.ledger import Sum
from services.api.queries.looks import Look
from services.api.queries.subscriptions import SubscriptionFilter

Key = tuple[str | None, ...]


class CancellationsQuery(PagedQuery, frozen=True, kw_only=True):
    """Cancellations asked for in the period; or, with `scheduled`, those that are still to come into force."""

    scheduled: bool = False
    interval: Interval = Interval.MONTH


class PlanChangesQuery(PagedQuery, frozen=True, kw_only=True):
    """Upgrades and downgrades of the period."""

    interval: Interval = Interval.MONTH


async def cancellations(asked: Asked) -> web.Response:
    """A page of canceled subscriptions, the latest first (scheduled: the next end first), and the reasons."""
    query = asked.query(CancellationsQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = period_of(query, at.today)
        wanted = within(period, at, "canceled_at", newest_first=True)
        if query.scheduled:
            wanted = SubscriptionFilter(at.scope.livemode, "ends_at", since=datetime.now(UTC))
        content = await listed(asked, at, query, wanted)
        parts = buckets(period, query.interval)
        sums = await ledger.totals(at.connection, at.scope, (Measure.WHY,), parts)
        reasons = grouped(at, _of_kind(sums, "churn"), parts, (1, 3, 4))
    names = ("reason", "cancellation_reason", "feedback")
    told = [{**one, "reasons": _named(rows, names)} for one, rows in reasons]
    return figures(asked.request, {**content, "period": days(period), "intervals": told}, at.fresh)


async def plan_changes(asked: Asked) -> web.Response:
    """What rose and fell within clients that stayed, by why: a change of plan up or down, of quantity, of a
    discount."""
    query = asked.query(PlanChangesQuery)
    async with asked.database.reading(asked.project) as connection:
        at = await look(connection, asked, query.mode)
        period = period_of(query, at.today)
        parts = buckets(period, query.interval)
        sums = await ledger.totals(at.connection, at.scope, (Measure.WHY,), parts)
        up, down = (grouped(at, _of_kind(sums, kind), parts, (0, 1, 2)) for kind in ("expansion", "contraction"))
    names = ("kind", "reason", "plan_change")
    found = [[_named(rows, names) for _, rows in each] for each in (up, down)]
    told = [{**days(part), "changes": [*up, *down]} for part, up, down in zip(parts, found[0], found[1], strict=True)]
    content = {"period": days(period), "timezone": at.scope.timezone, "livemode": at.scope.livemode}
    return figures(asked.request, {**content, "intervals": told}, at.fresh)


Rows = list[tuple[Key, int, object]]


def grouped(
    at: Look, sums: Iterable[Sum], periods: tuple[Period, ...], parts: tuple[int, ...]
) -> list[tuple[Content, Rows]]:
    """For each period what the sums add up to, by the named parts of why they happened."""
    by_period: dict[int, list[Sum]] = {}
    for one in sums:
        by_period.setdefault(one.number, []).append(one)
    return [(days(period), _grouped(by_period.get(number, ()), parts, at)) for number, period in enumerate(periods)]


def _of_kind(sums: Iterable[Sum], kind: str) -> list[Sum]:
    return [one for one in sums if one.label.partition("|")[0] == kind]


def _grouped(sums: Iterable[Sum], parts: tuple[int, ...], at: Look) -> Rows:
    counts: dict[Key, int] = {}
    amounts: dict[Key, dict[Currency, Fraction]] = {}
    for one in sums:
        label = tuple(parts_of(one.label))
        key = tuple(label[part] for part in parts)
        counts[key] = counts.get(key, 0) + one.n
        held, code = amounts.setdefault(key, {}), Currency(one.currency)
        held[code] = held.get(code, Fraction(0)) + Fraction(one.num, one.den)
    ordered = sorted(counts, key=lambda key: (-counts[key], [part or "" for part in key]))
    return [(key, counts[key], money_told(amounts[key], at.policy, None)) for key in ordered]


def _named(rows: Rows, names: tuple[str, ...]) -> list[Content]:
    return [{**dict(zip(names, key, strict=True)), "count": n, "mrr": amount} for key, n, amount in rows]
