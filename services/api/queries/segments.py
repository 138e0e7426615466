"""Clients by segment: how many, and how much they add. A segment is a range of sortable MRR."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.api.database import Connection
from services.api.queries.figures import by_currency

THRESHOLDS = "SELECT segments::text FROM project_settings WHERE project = $1"
STORE = """
INSERT INTO project_settings (project, version, preset, policy, segments)
VALUES ($1, 0, 'default', '{}', $2::text::jsonb)
ON CONFLICT (project) DO UPDATE SET segments = excluded.segments
"""
COUNTS = """
SELECT count(*) FROM clients WHERE project = $1 AND livemode = $2 AND mrr_order >= $3 AND mrr_order < $4
"""
SUMS = """
SELECT currency, exact_den, sum(exact_num) AS exact_num FROM clients JOIN client_mrr USING (project, client)
WHERE clients.project = $1 AND clients.livemode = $2 AND mrr_order >= $3 AND mrr_order < $4
GROUP BY currency, exact_den
"""
AT_RISK = """
SELECT count(*) FROM (SELECT DISTINCT client FROM signals WHERE project = $1 AND status <> 'resolved') AS risky
JOIN clients ON clients.project = $1 AND clients.client = risky.client AND livemode = $2 AND clients.status = 'active'
"""


@dataclass(frozen=True, slots=True)
class InSegment:
    """How many clients, and their exact MRR by currency."""

    clients: int
    mrr: Mapping[str, Fraction]


async def thresholds(connection: Connection, project: str) -> str | None:
    """The thresholds that the project has set, as JSON."""
    found: str | None = await connection.fetchval(THRESHOLDS, project)
    return found


async def store(connection: Connection, project: str, thresholds: str) -> None:
    """Keep the thresholds, given as JSON."""
    await connection.execute(STORE, project, thresholds)


async def within(connection: Connection, project: str, livemode: bool, bounds: tuple[str, str]) -> InSegment:
    """The clients whose sortable MRR is within the bounds."""
    clients: int = await connection.fetchval(COUNTS, project, livemode, *bounds)
    return InSegment(clients, by_currency(await connection.fetch(SUMS, project, livemode, *bounds)))


async def clients_at_risk(connection: Connection, project: str, livemode: bool) -> int:
    """How many clients pay and have a signal that nobody has resolved."""
    found: int = await connection.fetchval(AT_RISK, project, livemode)
    return found
