"""A project's ledger by its daily sums: what moved, who came and left, in each of several periods at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import asyncpg

from libs.domain.metrics import Period
from libs.domain.metrics.cells import BY_EDGE, BY_MONTH, Measure
from services.api.database import Connection
from services.api.probes import Probe, Range, ranges

MEASURES = {one.value: one for one in Measure}
# What a sum by month, or by month and edge, is a sum of.
DAILY = MEASURES | {kept.value: one for by in (BY_MONTH, BY_EDGE) for one, kept in by.items()}

BOOK = """
SELECT generation, timezone, settings, building, clients_done, clients_total, started_at, finished_at
FROM ledgers WHERE project = $1
"""
HERE = "project = $1 AND livemode = $2 AND generation = $3"
# One range of the key each: but for OFFSET 0, PostgreSQL might join all sums with all ranges.
TOTALS = f"""
SELECT each.place, currency, label, den, sum(num)::text AS num, sum(n)::bigint AS n
FROM unnest($4::text[], $5::date[], $6::date[]) WITH ORDINALITY AS each (measure, first, last, place)
CROSS JOIN LATERAL (
    SELECT currency, label, den, num, n FROM ledger_cells
    WHERE {HERE} AND ledger_cells.measure = each.measure AND day >= each.first AND day <= each.last
    OFFSET 0
) AS found GROUP BY each.place, label, den, currency
"""  # noqa: S608 – our own words, values are parameters
# One range of the key for days that follow one another, each a period: nothing is to be added up.
BY_DAY = f"""
SELECT day - $5::date AS number, each.measure, currency, label, den, num, n
FROM unnest($4::text[]) AS each (measure) CROSS JOIN LATERAL (
    SELECT day, currency, label, den, num::text AS num, n FROM ledger_cells
    WHERE {HERE} AND ledger_cells.measure = each.measure AND day >= $5 AND day <= $6
      AND ($7::text[] IS NULL OR label = ANY($7))
    OFFSET 0
) AS found
"""  # noqa: S608
# The days come as they are: behind the wall an index is not used through a conversion of types. The index steps from
# day to day to the edges that are wanted.
EDGED = f"""
SELECT each.place, currency, label, den, sum(num)::text AS num, sum(n)::bigint AS n
FROM unnest($4::text[], $5::date[], $6::date[], $7::date[], $8::date[])
    WITH ORDINALITY AS each (measure, first, last, low, high, place)
CROSS JOIN LATERAL (
    SELECT currency, label, den, num, n FROM ledger_cells
    WHERE {HERE} AND ledger_cells.measure = each.measure AND day >= each.first AND day <= each.last
      AND edge >= each.low AND edge <= each.high
    OFFSET 0
) AS found GROUP BY each.place, label, den, currency
"""  # noqa: S608
# Whole months before, then the days of the month.
BEFORE = f"""
SELECT 0 AS number, measure, currency, '' AS label, den, sum(num)::text AS num, sum(n)::bigint AS n FROM (
    SELECT measure || '_month' AS measure, currency, den, num, n FROM ledger_cells
    WHERE {HERE} AND measure = ANY($4::text[]) AND day >= $6 AND day < $7
    UNION ALL
    SELECT measure, currency, den, num, n FROM ledger_cells WHERE {HERE} AND measure = ANY($5::text[]) AND day < $6
) AS found GROUP BY measure, currency, den
"""  # noqa: S608
BOUNDS = f"""
SELECT min(found.first) AS first, max(found.last) AS last FROM unnest(ARRAY['moved', 'paid', 'refunded']) AS of (name)
CROSS JOIN LATERAL (
    SELECT (SELECT day FROM ledger_cells WHERE {HERE} AND measure = name ORDER BY day LIMIT 1) AS first,
           (SELECT day FROM ledger_cells WHERE {HERE} AND measure = name ORDER BY day DESC LIMIT 1) AS last
) AS found
"""  # noqa: S608
COHORTS = f"""
SELECT measure, edge, day, currency, den, num::text AS num, n FROM ledger_cells
WHERE {HERE} AND measure = ANY($4::text[])
"""  # noqa: S608
COHORT_MEASURES = (Measure.COHORT_BEGAN, Measure.COHORT_MRR, Measure.COHORT_ACTIVE)


@dataclass(frozen=True, slots=True)
class Building:
    """How far the next generation of the ledger has come."""

    clients_done: int
    clients_total: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ledger: of which project, mode and generation; its days are in `timezone`."""

    project: str
    livemode: bool
    generation: int
    timezone: str
    settings: int = 0
    building: Building | None = None

    @property
    def key(self) -> tuple[str, bool, int]:
        return self.project, self.livemode, self.generation


class Sum(NamedTuple):
    """One sum of a measure in period `number`: numerator over `den`, and how many."""

    number: int
    measure: Measure
    currency: str
    label: str
    den: int
    num: int
    n: int


class CohortSum(NamedTuple):
    """One sum of a cohort in a month, both by their first day."""

    measure: Measure
    cohort: date
    month: date
    currency: str
    den: int
    num: int
    n: int


async def scope(connection: Connection, project: str, livemode: bool, timezone: str) -> Scope:
    """The ledger that is shown; one that nothing was written to yet is empty."""
    row = await connection.fetchrow(BOOK, project)
    if row is None:
        return Scope(project, livemode, 0, timezone)
    building = None if row["building"] is None else Building(row["clients_done"], row["clients_total"])
    return Scope(project, livemode, row["generation"], row["timezone"], row["settings"], building)


async def building(connection: Connection, project: str) -> Building | None:
    """The generation that is being built because the policy changed."""
    row = await connection.fetchrow(BOOK, project)
    if row is None or row["building"] is None:
        return None
    return Building(row["clients_done"], row["clients_total"])


async def bounds(connection: Connection, of: Scope) -> Period | None:
    """The first and the last day that anything is told of."""
    row = await connection.fetchrow(BOUNDS, *of.key)
    assert row is not None
    return None if row["first"] is None else Period(row["first"], row["last"])


async def totals(
    connection: Connection,
    of: Scope,
    measures: Sequence[Measure],
    periods: Sequence[Period],
    labels: Sequence[str] | None = None,
) -> list[Sum]:
    """What each measure adds up to in each period, by currency and label; of measures that have no edge. Sums of other
    than these `labels` may be left out."""
    if _is_day_by_day(periods):
        return _sums(await connection.fetch(BY_DAY, *of.key, measures, periods[0].first, periods[-1].first, labels))
    asked = [one for number, period in enumerate(periods) for one in ranges(number, measures, period)]
    if not asked:
        return []
    _, *columns = _columns(asked)
    return _placed(asked, await connection.fetch(TOTALS, *of.key, *columns))


async def edged(connection: Connection, of: Scope, probes: Sequence[Probe]) -> list[Sum]:
    """What the probes find, by period, measure, currency and label."""
    if not probes:
        return []
    _, *columns, _ = _columns(probes)
    return _placed(probes, await connection.fetch(EDGED, *of.key, *columns))


async def before(connection: Connection, of: Scope, measures: Sequence[Measure], day: date) -> list[Sum]:
    """All that was before `day` of measures that are kept by day and by month."""
    by_day, by_month = [str(one) for one in measures], [f"{one}_month" for one in measures]
    return _sums(await connection.fetch(BEFORE, *of.key, by_day, by_month, day.replace(day=1), day))


async def cohorts(connection: Connection, of: Scope) -> list[CohortSum]:
    """All sums of all cohorts."""
    rows = await connection.fetch(COHORTS, *of.key, list(COHORT_MEASURES))
    return [
        CohortSum(MEASURES[measure], cohort, month, currency, int(den), int(num), n)
        for measure, cohort, month, currency, den, num, n in rows
    ]


def _is_day_by_day(periods: Sequence[Period]) -> bool:
    """Whether each is a day, the next one after the one before."""
    firsts = [one.first.toordinal() for one in periods if one.first == one.last]
    return bool(firsts) and firsts == list(range(firsts[0], firsts[0] + len(periods)))


def _columns(rows: Sequence[Probe] | Sequence[Range]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _placed(asked: Sequence[Probe] | Sequence[Range], rows: Sequence[asyncpg.Record]) -> list[Sum]:
    """Rows of TOTALS or EDGED: what was found of each that was asked, which are counted from 1."""
    found = []
    for place, currency, label, den, num, n in rows:
        of = asked[place - 1]
        sign = of.sign if isinstance(of, Probe) else 1
        found.append(Sum(of.number, DAILY[of.measure], currency, label, int(den), sign * int(num), sign * n))
    return found


def _sums(rows: Sequence[asyncpg.Record]) -> list[Sum]:
    """Rows of BY_DAY or BEFORE, which name their columns in one order."""
    return [
        Sum(number, DAILY[measure], currency, label, int(den), int(num), n)
        for number, measure, currency, label, den, num, n in rows
    ]
