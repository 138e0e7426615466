"""How far each account's events were polled, in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import orjson
import structlog

from libs.domain.schedule import Schedule, interval_of
from libs.runtime.postgres import EVERY_PROJECT
from services.ingest.catalogues import Scope

ACTIVE = """
SELECT c.project, c.id, c.account, c.livemode, coalesce(e.polled_until, c.connected_at) AS since,
    coalesce(e.last_success_at, c.connected_at) AS last_at, coalesce(s.policy ->> 'timezone', 'UTC') AS timezone,
    e.again_at, t.days, t.opens, t.closes, t.interval_minutes
FROM connections c
LEFT JOIN event_cursors e ON e.project = c.project AND e.connection = c.id
LEFT JOIN project_settings s ON s.project = c.project
LEFT JOIN sync_schedules t ON t.project = c.project
WHERE c.state = 'active' ORDER BY c.project, c.id
"""
POLLED = """
INSERT INTO event_cursors (project, connection, polled_until, last_success_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (project, connection) DO UPDATE
SET polled_until = EXCLUDED.polled_until, last_success_at = EXCLUDED.last_success_at, last_error = NULL,
    again_at = NULL
"""
FAILED = """
INSERT INTO event_cursors (project, connection, last_error, again_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (project, connection) DO UPDATE SET last_error = EXCLUDED.last_error, again_at = EXCLUDED.again_at
"""
WAITS = """
INSERT INTO event_cursors (project, connection, again_at) VALUES ($1, $2, $3)
ON CONFLICT (project, connection) DO UPDATE SET again_at = EXCLUDED.again_at
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Feeding:
    """An active connection: its events are known until `since` (by Stripe's clock), as of a poll at `last_at`.

    Before the first poll both are the time at which it was connected: all before it is in the first sync. `again_at`:
    when to try again after a poll that failed.
    """

    project: str
    connection: str
    scope: Scope
    since: datetime
    last_at: datetime
    schedule: Schedule
    again_at: datetime | None = None


class Cursors:
    """Raises asyncpg's errors (`libs.runtime.postgres.UNREACHABLE` among them)."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def active(self) -> list[Feeding]:
        """Every active connection."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(EVERY_PROJECT)
            return [_feeding(row) for row in await connection.fetch(ACTIVE)]

    async def polled(self, feeding: Feeding, until: datetime, at: datetime) -> None:
        """At `at` all events until `until` were published."""
        await self._write(POLLED, feeding, until, at)

    async def failed(self, feeding: Feeding, error: Mapping[str, object], again_at: datetime) -> None:
        """A poll did not succeed; the cursor stays where it is."""
        await self._write(FAILED, feeding, orjson.dumps(error).decode(), again_at)

    async def waits(self, feeding: Feeding, again_at: datetime) -> None:
        """A poll can't begin yet."""
        await self._write(WAITS, feeding, again_at)

    async def _write(self, statement: str, feeding: Feeding, *values: object) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(EVERY_PROJECT)
            await connection.execute(statement, feeding.project, feeding.connection, *values)


def _feeding(row: asyncpg.Record) -> Feeding:
    scope = (row["project"], row["account"], row["livemode"])
    known = (row["project"], row["id"], scope, row["since"], row["last_at"])
    return Feeding(*known, _schedule(row), row["again_at"])


def _schedule(row: asyncpg.Record) -> Schedule:
    """What the project has set, by its time zone; by UTC where this machine does not know that."""
    timezone = known_zone(row["timezone"])
    if row["days"] is None:
        return Schedule(timezone)
    interval = interval_of(row["interval_minutes"])
    return Schedule(timezone, frozenset(row["days"]), row["opens"], row["closes"], interval)


def known_zone(timezone: str) -> str:
    """The time zone, or UTC where this machine does not know it."""
    try:
        return ZoneInfo(timezone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.error("timezone_unknown", timezone=timezone)
        return "UTC"
