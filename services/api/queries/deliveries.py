"""What was sent to an endpoint, what came back, and what still waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.api.cursors import Position
from services.api.database import Connection

PAGE = """
SELECT id, change_id, kind, lane, state, attempts, next_attempt_at, created_at, finished_at, redelivery_of, body
FROM deliveries
WHERE project = $1 AND endpoint = $2
  AND ($3::text IS NULL OR state = $3)
  AND ($4::text IS NULL OR (created_at, id) < ($4::text::timestamptz, $5::text))
ORDER BY created_at DESC, id DESC LIMIT $6
"""
ATTEMPTS = """
SELECT delivery, number, attempted_at, milliseconds, status, answer, error FROM delivery_attempts
WHERE project = $1 AND delivery = ANY($2::text[]) ORDER BY delivery, number
"""
REDELIVER = """
INSERT INTO deliveries (project, id, endpoint, change_id, kind, lane, seq, body, state, next_attempt_at, created_at,
                        redelivery_of)
SELECT project, $4, endpoint, change_id, kind, NULL, seq, body, 'pending', $5, $5, id
FROM deliveries WHERE project = $1 AND endpoint = $2 AND id = $3
"""
ADD = """
INSERT INTO deliveries (project, id, endpoint, change_id, kind, lane, seq, body, state, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $5, NULL, 0, $6, 'pending', $7, $7)
"""
WAKE = "SELECT pg_notify('revstream_stream', $1)"
PURGE = """
WITH gone AS (
    DELETE FROM deliveries WHERE state <> 'pending' AND created_at < $1 RETURNING project, id
)
DELETE FROM delivery_attempts AS held USING gone WHERE (held.project, held.delivery) = (gone.project, gone.id)
"""


@dataclass(frozen=True, slots=True)
class DeliveryFound:
    id: str
    change_id: str
    kind: str
    lane: str | None
    state: str
    attempts: int
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    redelivery_of: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery that stands in no line: a test, a digest."""

    id: str
    endpoint: str
    change_id: str
    kind: str
    body: bytes
    created_at: datetime


async def page(
    connection: Connection, project: str, endpoint: str, state: str | None, after: Position | None, limit: int
) -> list[DeliveryFound]:
    """Up to `limit` deliveries that follow the position, newest first."""
    place = (None, None) if after is None else (after.value, after.id)
    rows = await connection.fetch(PAGE, project, endpoint, state, *place, limit)
    return [DeliveryFound(**row) for row in rows]


async def attempts(connection: Connection, project: str, deliveries: list[str]) -> dict[str, list[asyncpg.Record]]:
    """Every attempt of the deliveries, in order."""
    found: dict[str, list[asyncpg.Record]] = {each: [] for each in deliveries}
    for row in await connection.fetch(ATTEMPTS, project, deliveries):
        found[row["delivery"]].append(row)
    return found


async def redeliver(
    connection: Connection, project: str, endpoint: str, delivery: str, again: tuple[str, datetime]
) -> bool:
    """Send a delivery's body once more, at once, under the same message id; False where there is none of that id."""
    new_id, now = again
    done = await connection.execute(REDELIVER, project, endpoint, delivery, new_id, now)
    await connection.execute(WAKE, project)
    return done == "INSERT 0 1"


async def add(connection: Connection, project: str, new: NewDelivery) -> None:
    """Send something that is no change."""
    values = (new.id, new.endpoint, new.change_id, new.kind, new.body, new.created_at)
    await connection.execute(ADD, project, *values)
    await connection.execute(WAKE, project)


async def purge(connection: Connection, now: datetime, kept: timedelta) -> None:
    """Forget finished deliveries that are older than `kept`."""
    await connection.execute(PURGE, now - kept)
