"""Clients by segment: how many, and how much they add. A segment is a range of sortable MRR."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.api.database import Connection
from services.api.queries.figures import by_currency

THRESHOLDS = """
SELECT segments::text AS segments, segments = segments_counted AS is_kept FROM project_settings WHERE project = $1
"""
STORE = """
INSERT INTO project_settings (project, version, preset, policy, segments)
VALUES ($1, 0, 'default', '{}', $2::text::jsonb)
ON CONFLICT (project) DO UPDATE SET segments = excluded.segments
"""
KEPT_COUNTS = """
SELECT coalesce(sum(n), 0)::bigint FROM client_totals WHERE project = $1 AND livemode = $2 AND segment = $3
"""
KEPT_SUMS = """
SELECT risky, currency, den AS exact_den, sum(num) AS exact_num FROM segment_mrr
WHERE project = $1 AND livemode = $2 AND segment = $3 AND n > 0 GROUP BY risky, currency, den
"""
# While new thresholds are being put into force.
COUNTS = """
SELECT count(*) FROM clients WHERE project = $1 AND livemode = $2 AND mrr_order >= $3 AND mrr_order < $4
"""
SUMS = """
SELECT clients.risky, currency, exact_den, sum(exact_num) AS exact_num
FROM clients JOIN client_mrr USING (project, client)
WHERE clients.project = $1 AND clients.livemode = $2 AND mrr_order >= $3 AND mrr_order < $4
GROUP BY clients.risky, currency, exact_den
"""
AT_RISK = """
SELECT coalesce(sum(n), 0)::bigint FROM client_totals
WHERE project = $1 AND livemode = $2 AND risky AND status = 'active'
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A segment by its name: the sortable MRR from which on, and before which, a client is in it. `is_kept`: all
    clients are kept by these bounds already."""

    name: str
    low: str
    high: str
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class InSegment:
    """How many clients, and their exact MRR by currency; `at_risk`: of those with a signal that is not resolved."""

    clients: int
    mrr: Mapping[str, Fraction]
    at_risk: Mapping[str, Fraction]


async def thresholds(connection: Connection, project: str) -> tuple[str, bool] | None:
    """The thresholds that the project has set, as JSON, and whether all its clients are kept by them already."""
    row = await connection.fetchrow(THRESHOLDS, project)
    return None if row is None else (row["segments"], row["is_kept"])


async def store(connection: Connection, project: str, thresholds: str) -> None:
    """Keep the thresholds, given as JSON."""
    await connection.execute(STORE, project, thresholds)


async def within(connection: Connection, project: str, livemode: bool, of: Bounds) -> InSegment:
    """The clients in a segment: as they are kept, or counted now."""
    counts, sums = (KEPT_COUNTS, KEPT_SUMS) if of.is_kept else (COUNTS, SUMS)
    values = (project, livemode, of.name) if of.is_kept else (project, livemode, of.low, of.high)
    clients: int = await connection.fetchval(counts, *values)
    rows = await connection.fetch(sums, *values)
    return InSegment(clients, by_currency(rows), by_currency(row for row in rows if row["risky"]))


async def clients_at_risk(connection: Connection, project: str, livemode: bool) -> int:
    """How many clients pay and have a signal that nobody has resolved."""
    found: int = await connection.fetchval(AT_RISK, project, livemode)
    return found
