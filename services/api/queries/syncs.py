"""Sync runs: asked for here, worked on by ingest."""

import secrets
from datetime import datetime

import asyncpg
import msgspec

from services.api.cursors import Position
from services.api.database import Connection
from services.api.queries.keys import TELL_INGEST

ADD = """
INSERT INTO sync_runs (project, id, connection, mode, state) VALUES ($1, $2, $3, $4, 'queued')
ON CONFLICT (project, connection) WHERE state IN ('queued', 'running') DO NOTHING
"""
RUNNING = "SELECT id FROM sync_runs WHERE project = $1 AND connection = $2 AND state IN ('queued', 'running')"
RUNS = """
SELECT id, mode, connection, state, requested_at, started_at, finished_at, error::text AS error,
    coalesce((
        SELECT jsonb_agg(
            jsonb_build_object(
                'name', name, 'state', state, 'rows', rows, 'pages', pages, 'last_error', last_error
            ) ORDER BY place
        ) FROM sync_resources WHERE sync_resources.project = sync_runs.project AND run = sync_runs.id
    ), '[]')::text AS resources
FROM sync_runs
WHERE project = $1
"""
ONE = f"{RUNS} AND id = $2"
PAGE = f"""{RUNS}
  AND ($2::text IS NULL OR (requested_at, id) < ($2::text::timestamptz, $3::text))
ORDER BY requested_at DESC, id DESC LIMIT $4
"""

Run = dict[str, object]


async def ask(connection: Connection, project: str, account: str, mode: str) -> tuple[Run, bool]:
    """A new run for the connection `account`, or the one that is not finished; True where it is new."""
    identifier = f"syn_{secrets.token_hex(8)}"
    is_new = await connection.execute(ADD, project, identifier, account, mode) == "INSERT 0 1"
    if is_new:
        await connection.execute(TELL_INGEST, project)
    else:
        identifier = await connection.fetchval(RUNNING, project, account)
    found = await run(connection, project, identifier)
    assert found is not None
    return found, is_new


async def run(connection: Connection, project: str, identifier: str) -> Run | None:
    """A run as the contract shows it; None where there is none of that id."""
    row = await connection.fetchrow(ONE, project, identifier)
    return None if row is None else _content(row)


async def page(connection: Connection, project: str, after: Position | None, limit: int) -> list[tuple[Run, datetime]]:
    """Runs with the time they were asked for, newest first."""
    value, last = (after.value, after.id) if after else (None, None)
    rows = await connection.fetch(PAGE, project, value, last, limit)
    return [(_content(row), row["requested_at"]) for row in rows]


def _content(row: asyncpg.Record) -> Run:
    shown: Run = {name: row[name] for name in ("id", "mode", "connection", "state", "started_at", "finished_at")}
    error = None if row["error"] is None else msgspec.json.decode(row["error"])
    return shown | {"resources": msgspec.json.decode(row["resources"]), "error": error}
