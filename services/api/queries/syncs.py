"""Sync runs: asked for here, worked on by ingest."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import msgspec

from libs.domain.progress import ListProgress, seconds_left
from services.api.cursors import Position
from services.api.database import Connection
from services.api.queries.keys import TELL_INGEST

# Reading an account again takes calls that its rate is short of.
BETWEEN_SECONDS = 60
ADD = """
INSERT INTO sync_runs (project, id, connection, mode, state, manual) VALUES ($1, $2, $3, $4, 'queued', $5)
ON CONFLICT (project, connection) WHERE state IN ('queued', 'running') DO NOTHING
"""
RUNNING = "SELECT id FROM sync_runs WHERE project = $1 AND connection = $2 AND state IN ('queued', 'running')"
TO_WAIT = f"""
SELECT ceil(extract(epoch FROM max(requested_at) - now()) + {BETWEEN_SECONDS})::integer FROM sync_runs
WHERE project = $1 AND connection = $2 AND manual AND requested_at > now() - interval '{BETWEEN_SECONDS} seconds'
"""  # noqa: S608 – a constant of ours
CANCEL = """
UPDATE sync_runs SET state = 'cancelled', finished_at = now()
WHERE project = $1 AND id = $2 AND state IN ('queued', 'running')
"""
# How long a list was is remembered from the last run that read the same.
RUNS = """
SELECT id, mode, connection, state, requested_at, started_at, finished_at, error::text AS error,
    coalesce((
        SELECT jsonb_agg(
            jsonb_build_object(
                'name', name, 'state', state, 'rows', rows, 'pages', pages, 'last_error', last_error,
                'reached', reached, 'earlier', CASE WHEN sync_runs.state = 'running' THEN (
                    SELECT was.pages FROM sync_runs run JOIN sync_resources was ON was.project = run.project
                        AND was.run = run.id AND was.name = sync_resources.name AND was.state = 'succeeded'
                    WHERE run.project = sync_runs.project AND run.connection = sync_runs.connection
                        AND run.mode = sync_runs.mode AND run.id <> sync_runs.id
                    ORDER BY run.requested_at DESC LIMIT 1
                ) END
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

OF_RESOURCE = ("name", "state", "rows", "pages", "last_error")

Run = dict[str, object]


@dataclass(frozen=True, slots=True)
class _NewRun:
    """A run to ask for. `by_hand`: by somebody, not by the system itself."""

    project: str
    account: str
    mode: str
    by_hand: bool


class _Resource(msgspec.Struct):
    """What an estimate needs of one list."""

    name: str
    state: str
    pages: int
    reached: int | None
    earlier: int | None


async def ask(connection: Connection, project: str, account: str, mode: str) -> tuple[Run, bool]:
    """A new run for the connection `account`, or the one that is not finished; True where it is new."""
    return await _asked(connection, _NewRun(project, account, mode, by_hand=False))


async def ask_by_hand(connection: Connection, project: str, account: str, mode: str) -> tuple[Run, bool]:
    """As `ask`; the next one may follow after a minute."""
    return await _asked(connection, _NewRun(project, account, mode, by_hand=True))


async def _asked(connection: Connection, new: _NewRun) -> tuple[Run, bool]:
    identifier = f"syn_{secrets.token_hex(8)}"
    added = await connection.execute(ADD, new.project, identifier, new.account, new.mode, new.by_hand)
    is_new = added == "INSERT 0 1"
    if is_new:
        await connection.execute(TELL_INGEST, new.project)
    else:
        identifier = await connection.fetchval(RUNNING, new.project, new.account)
    found = await run(connection, new.project, identifier)
    assert found is not None
    return found, is_new


async def running(connection: Connection, project: str, account: str) -> Run | None:
    """The run of a connection that is not finished."""
    identifier = await connection.fetchval(RUNNING, project, account)
    return None if identifier is None else await run(connection, project, identifier)


async def seconds_to_wait(connection: Connection, project: str, account: str) -> int:
    """How long until somebody may ask for another run of a connection; 0 if at once."""
    found: int | None = await connection.fetchval(TO_WAIT, project, account)
    return max(0, found or 0)


async def cancel(connection: Connection, project: str, identifier: str) -> bool:
    """Call a run off; ingest hears of it at commit. False where it is over."""
    if await connection.execute(CANCEL, project, identifier) != "UPDATE 1":
        return False
    await connection.execute(TELL_INGEST, project)
    return True


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
    names = ("id", "mode", "connection", "state", "requested_at", "started_at", "finished_at")
    shown: Run = {name: row[name] for name in names}
    error = None if row["error"] is None else msgspec.json.decode(row["error"])
    resources: list[dict[str, object]] = msgspec.json.decode(row["resources"])
    shown |= {"resources": [{name: each[name] for name in OF_RESOURCE} for each in resources], "error": error}
    return shown | {"eta_seconds": _eta(row, msgspec.convert(resources, list[_Resource]))}


def _eta(row: asyncpg.Record, resources: Sequence[_Resource]) -> int | None:
    if row["state"] != "running" or row["started_at"] is None:
        return None
    lists = [
        ListProgress(each.name, each.state not in ("queued", "running"), each.pages, each.reached, each.earlier)
        for each in resources
    ]
    return seconds_left(lists, datetime.now(UTC) - row["started_at"])
