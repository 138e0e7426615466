"""Signals, newest first."""

from dataclasses import dataclass
from datetime import datetime

from services.api.cursors import Position
from services.api.database import Connection

PAGE = """
SELECT id, opened_at, record FROM signals
WHERE project = $1 AND livemode = $2
  AND ($3::text IS NULL OR status = $3)
  AND ($4::text IS NULL OR client = $4)
  AND ($5::text IS NULL OR rule = $5)
  AND ($6::text IS NULL OR severity = $6)
  AND ($7::text IS NULL OR (opened_at, id) < ($7::text::timestamptz, $8::text))
  AND ($9::timestamptz IS NULL OR opened_at >= $9)
  AND ($10::timestamptz IS NULL OR opened_at < $10)
ORDER BY opened_at DESC, id DESC LIMIT $11
"""
ONE = "SELECT record FROM signals WHERE project = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals; each None where it does not matter."""

    livemode: bool
    status: str | None
    client: str | None
    rule: str | None
    severity: str | None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignalFound:
    id: str
    opened_at: datetime
    record: bytes


async def page(
    connection: Connection, project: str, wanted: SignalFilter, after: Position | None, limit: int
) -> list[SignalFound]:
    """Up to `limit` signals that follow the position."""
    rows = await connection.fetch(
        PAGE,
        project,
        wanted.livemode,
        wanted.status,
        wanted.client,
        wanted.rule,
        wanted.severity,
        None if after is None else after.value,
        None if after is None else after.id,
        wanted.opened_from,
        wanted.opened_before,
        limit,
    )
    return [SignalFound(**row) for row in rows]


async def one(connection: Connection, project: str, signal: str) -> bytes | None:
    """The record of one signal."""
    found: bytes | None = await connection.fetchval(ONE, project, signal)
    return found
