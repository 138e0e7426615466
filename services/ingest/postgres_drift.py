"""Drift reports in PostgreSQL: one row for each comparison of an account, filled while it goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

from libs.runtime.postgres import EVERY_PROJECT
from services.ingest.postgres_runs import RECONCILE, Run

MOST_OBJECTS = 1000
ADD = """
INSERT INTO drift_reports AS held (project, connection, checked_at, found, fixed, objects)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project, connection, checked_at) DO UPDATE SET
    found = held.found + EXCLUDED.found, fixed = held.fixed + EXCLUDED.fixed,
    objects = CASE WHEN jsonb_array_length(held.objects) < $7
        THEN held.objects || EXCLUDED.objects ELSE held.objects END
"""
NIGHTS = """
SELECT c.project, c.id, coalesce(s.policy ->> 'timezone', 'UTC') AS timezone, coalesce((
    SELECT max(r.requested_at) FROM sync_runs r WHERE r.project = c.project AND r.connection = c.id AND r.mode = $1
), c.connected_at) AS last_at
FROM connections c LEFT JOIN project_settings s ON s.project = c.project
WHERE c.state = 'active' ORDER BY c.project, c.id
"""


@dataclass(frozen=True, slots=True)
class Differing:
    """One object that differed: the fields that did, `missing` (the streams had not heard of it), or
    `deleted`."""

    kind: str
    id: str
    customer: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sleeper:
    """An active connection, and when it was last compared (at first: connected)."""

    project: str
    connection: str
    timezone: str
    last_at: datetime


class Drift:
    """Raises asyncpg's errors (`libs.runtime.postgres.UNREACHABLE` among them)."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def report(self, run: Run, differing: Sequence[Differing], fixed: int) -> None:
        """Add what differed to the report of a run; the first thousand objects of it are kept."""
        told = [{"kind": each.kind, "id": each.id, "customer": each.customer, "what": each.what} for each in differing]
        objects = orjson.dumps(told[:MOST_OBJECTS]).decode()
        values = (run.project, run.connection, run.requested_at, len(differing), fixed, objects, MOST_OBJECTS)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(EVERY_PROJECT)
            await connection.execute(ADD, *values)

    async def sleepers(self) -> list[Sleeper]:
        """Every active connection."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(EVERY_PROJECT)
            rows = await connection.fetch(NIGHTS, RECONCILE)
        return [Sleeper(row["project"], row["id"], row["timezone"], row["last_at"]) for row in rows]
