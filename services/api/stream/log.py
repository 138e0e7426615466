"""The log of changes: each project's own sequence without gaps, written in the transaction of what changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import asyncpg

from services.api.database import Connection

CHANNEL = "revstream_stream"

# The row of a project's sequence is locked until the transaction ends, so a reader never sees 5 before 4.
# An id that was told before gets the number of its repetition: receivers drop repeats by id.
# Listeners of other processes are woken when the transaction is committed; they hear how far the log goes.
APPEND = f"""
WITH incoming AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::bytea[], $10::timestamptz[])
        WITH ORDINALITY AS t (project, kind, change_id, livemode, client, rule, severity, status, content,
                              occurred_at, place)
), counted AS (
    SELECT project, count(*) AS many FROM incoming GROUP BY project ORDER BY project
), taken AS (
    INSERT INTO stream_sequences AS held (project, last) SELECT project, many FROM counted
    ON CONFLICT (project) DO UPDATE SET last = held.last + excluded.last RETURNING project, last
), numbered AS (
    SELECT incoming.*, taken.last - many + row_number() OVER (PARTITION BY project ORDER BY place) AS seq,
           row_number() OVER (PARTITION BY project, change_id ORDER BY place) > 1
           OR EXISTS (SELECT FROM stream_log AS told
                      WHERE told.project = incoming.project AND told.change_id = incoming.change_id) AS again
    FROM incoming JOIN counted USING (project) JOIN taken USING (project)
), woken AS (
    SELECT count(*) FROM (SELECT pg_notify('{CHANNEL}', project || ' ' || last) FROM taken) AS each_project
)
INSERT INTO stream_log (project, seq, kind, change_id, livemode, client, rule, severity, status, content, occurred_at)
SELECT project, seq, kind, CASE WHEN again THEN change_id || ':' || seq ELSE change_id END,
       livemode, client, rule, severity, status, content, occurred_at
FROM numbered CROSS JOIN woken
RETURNING project, seq, recorded_at
"""  # noqa: S608 – a constant
AFTER = """
SELECT seq, kind, change_id, livemode, client, rule, severity, status, content, occurred_at, recorded_at
FROM stream_log WHERE project = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
BOUNDS = """
SELECT coalesce((SELECT last FROM stream_sequences WHERE project = $1), 0) AS newest,
       (SELECT min(seq) FROM stream_log WHERE project = $1) AS oldest
"""
PURGE = "DELETE FROM stream_log WHERE recorded_at < $1"


@dataclass(frozen=True, slots=True)
class Change:
    """One change to tell: `content` is JSON, the same for every way it is told by."""

    project: str
    kind: str
    change_id: str
    livemode: bool
    client: str
    rule: str
    severity: str
    status: str
    content: bytes
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Logged:
    """A change at its place in the project's sequence."""

    seq: int
    change: Change
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """The newest number given, and the oldest still kept (one more than the newest where none is)."""

    newest: int
    oldest: int


@dataclass(frozen=True, slots=True)
class Along:
    """A statement that gives nothing and is sent along, to be spared a way of its own; its parameters count from 1."""

    statement: str
    arguments: Sequence[object]


async def append(connection: Connection, changes: Sequence[Change], along: Along | None = None) -> list[Logged]:
    """Add the changes in their order; readers are woken when the transaction is committed.

    Gives each at its place, for readers of this process: to be passed on after the commit, never before. `along` is
    done with it; nothing is done without a change.
    """
    if not changes:
        return []
    columns = _columns(changes)
    statement = APPEND if along is None else _with(along.statement, len(columns))
    given: dict[str, list[tuple[int, datetime]]] = {}
    for row in await connection.fetch(statement, *columns, *(() if along is None else along.arguments)):
        given.setdefault(row["project"], []).append((row["seq"], row["recorded_at"]))
    places = {project: iter(sorted(found)) for project, found in given.items()}
    return [_placed(change, *next(places[change.project])) for change in changes]


@cache
def _with(statement: str, parameters: int) -> str:
    return f"WITH along AS ({renumbered(statement, parameters)}), {APPEND.lstrip().removeprefix('WITH ')}"


def renumbered(statement: str, parameters: int) -> str:
    """The statement where so many parameters come before its own."""
    return re.sub(r"\$(\d+)", lambda number: f"${int(number[1]) + parameters}", statement)


def _placed(change: Change, seq: int, recorded_at: datetime) -> Logged:
    return Logged(seq, change, recorded_at)


async def after(connection: Connection, project: str, seq: int, limit: int) -> list[Logged]:
    """Up to `limit` changes that follow the number, in order."""
    return [_logged(project, row) for row in await connection.fetch(AFTER, project, seq, limit)]


async def bounds(connection: Connection, project: str) -> Bounds:
    """From where to where the log can be read."""
    row = await connection.fetchrow(BOUNDS, project)
    assert row is not None
    return Bounds(row["newest"], row["newest"] + 1 if row["oldest"] is None else row["oldest"])


async def purge(connection: Connection, now: datetime, kept: timedelta) -> None:
    """Forget what was recorded longer ago than `kept`."""
    await connection.execute(PURGE, now - kept)


def _logged(project: str, row: asyncpg.Record) -> Logged:
    names = ("kind", "change_id", "livemode", "client", "rule", "severity", "status", "content", "occurred_at")
    return Logged(row["seq"], Change(project, *(row[name] for name in names)), row["recorded_at"])


def _columns(changes: Sequence[Change]) -> list[list[object]]:
    return [
        [change.project for change in changes],
        [change.kind for change in changes],
        [change.change_id for change in changes],
        [change.livemode for change in changes],
        [change.client for change in changes],
        [change.rule for change in changes],
        [change.severity for change in changes],
        [change.status for change in changes],
        [change.content for change in changes],
        [change.occurred_at for change in changes],
    ]
