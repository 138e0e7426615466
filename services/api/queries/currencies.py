"""The currencies that a project has MRR in."""

from services.api.database import Connection

USED = """
SELECT DISTINCT currency FROM mrr_totals WHERE project = $1
UNION SELECT DISTINCT currency FROM ledger_cells
WHERE project = $1 AND livemode AND generation = (SELECT generation FROM ledgers WHERE project = $1)
  AND measure = 'moved_month'
"""


async def used(connection: Connection, project: str) -> frozenset[str]:
    """Their codes."""
    return frozenset(row["currency"] for row in await connection.fetch(USED, project))
