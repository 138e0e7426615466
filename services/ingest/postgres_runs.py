"""Sync runs in PostgreSQL: asked for by api, taken on and told about here. A page and its cursor are one statement."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

from libs.runtime.postgres import EVERY_PROJECT
from services.ingest.catalogues import Scope

INITIAL, RECENT, FULL, RECONCILE = "initial", "recent", "full", "reconcile"
EVERYTHING = frozenset({INITIAL, FULL})
OPEN = """
SELECT r.project, r.id, r.connection, r.mode, r.requested_at, c.account, c.livemode, c.state = 'active' AS is_active,
    c.error::text AS error
FROM sync_runs r JOIN connections c ON c.project = r.project AND c.id = r.connection
WHERE r.state IN ('queued', 'running') ORDER BY r.requested_at, r.id
"""
ASK = """
INSERT INTO sync_runs (project, id, connection, mode, state, requested_at) VALUES ($1, $2, $3, $4, 'queued', $5)
ON CONFLICT (project, connection) WHERE state IN ('queued', 'running') DO NOTHING
"""
UNFINISHED_MODE = "SELECT mode FROM sync_runs WHERE project = $1 AND connection = $2 AND state IN ('queued', 'running')"
START = """
UPDATE sync_runs SET state = 'running', started_at = coalesce(started_at, now())
WHERE project = $1 AND id = $2 AND state IN ('queued', 'running')
"""
ADD_RESOURCE = """
INSERT INTO sync_resources (project, run, name, place, state) VALUES ($1, $2, $3, $4, 'queued')
ON CONFLICT (project, run, name) DO NOTHING
"""
RESOURCES = "SELECT name, state, pages, cursor FROM sync_resources WHERE project = $1 AND run = $2 ORDER BY place"
# The count of pages guards against another process that believes to work on this run.
PAGE = """
UPDATE sync_resources SET state = $5, rows = rows + $6, pages = pages + 1, cursor = $7, reached = $8, last_error = NULL
WHERE project = $1 AND run = $2 AND name = $3 AND pages = $4
"""
RESTART = """
UPDATE sync_resources SET state = 'running', rows = 0, pages = 0, cursor = NULL, reached = NULL
WHERE project = $1 AND run = $2 AND name = $3
"""
TROUBLE = "UPDATE sync_resources SET state = $4, last_error = $5 WHERE project = $1 AND run = $2 AND name = $3"
FINISH = """
UPDATE sync_runs SET finished_at = now(), error = $3, state = CASE
    WHEN $3::jsonb IS NOT NULL THEN 'failed'
    WHEN EXISTS (SELECT FROM sync_resources WHERE project = $1 AND run = $2 AND state <> 'succeeded') THEN 'partial'
    ELSE 'succeeded' END
WHERE project = $1 AND id = $2 AND state IN ('queued', 'running')
"""


class RunTaken(Exception):
    """Another process goes on with this run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is not finished. `error` is why its connection can't be read, where it can't."""

    project: str
    id: str
    connection: str
    scope: Scope
    mode: str
    requested_at: datetime
    is_active: bool
    error: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one resource is."""

    resource: str
    state: str
    pages: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRead:
    """What a page held. `cursor` is None after the last one; `reached` as the API's progress has it."""

    rows: int
    cursor: str | None
    reached: int | None


class Runs:
    """Raises asyncpg's errors (`libs.runtime.postgres.UNREACHABLE` among them) and RunTaken."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def unfinished(self) -> list[Run]:
        """All runs that are queued or were begun, in the order they were asked for."""
        return [_run(row) for row in await self._read(OPEN)]

    async def one(self, project: str, identifier: str) -> Run | None:
        """A run, unless it is over."""
        return next((run for run in await self.unfinished() if (run.project, run.id) == (project, identifier)), None)

    async def ask(self, project: str, connection: str, mode: str, at: datetime) -> bool:
        """Have a run of this mode done; False where an unfinished one, which does less, has to end first."""
        identifier = f"syn_{secrets.token_hex(8)}"
        if await self._write(ASK, project, identifier, connection, mode, at) == "INSERT 0 1":
            return True
        modes = {row["mode"] for row in await self._read(UNFINISHED_MODE, project, connection)}
        return mode in modes or (mode in EVERYTHING and bool(modes & EVERYTHING))

    async def start(self, run: Run, resources: Iterable[str]) -> None:
        """Begin a run, or go on with it."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(EVERY_PROJECT)
            await connection.execute(START, run.project, run.id)
            rows = [(run.project, run.id, name, place) for place, name in enumerate(resources)]
            await connection.executemany(ADD_RESOURCE, rows)

    async def progress(self, run: Run) -> dict[str, Progress]:
        """How far each resource is."""
        rows = await self._read(RESOURCES, run.project, run.id)
        return {row["name"]: Progress(row["name"], row["state"], row["pages"], row["cursor"]) for row in rows}

    async def page(self, run: Run, at: Progress, read: PageRead) -> Progress:
        """A page was published; the next one begins at its cursor. Raises RunTaken."""
        state = "succeeded" if read.cursor is None else "running"
        values = (at.resource, at.pages, state, read.rows, read.cursor, read.reached)
        done = await self._write(PAGE, run.project, run.id, *values)
        if done != "UPDATE 1":
            raise RunTaken(f"run {run.id} of project {run.project} went on elsewhere")
        return Progress(at.resource, state, at.pages + 1, read.cursor)

    async def restart(self, run: Run, resource: str) -> Progress:
        """Read a resource from its beginning: the object of its cursor is gone."""
        await self._write(RESTART, run.project, run.id, resource)
        return Progress(resource, "running", 0, None)

    async def trouble(self, run: Run, resource: str, state: str, error: Mapping[str, object]) -> None:
        """Note what went wrong with a resource: `running` where it is tried again, `failed` where not."""
        await self._write(TROUBLE, run.project, run.id, resource, state, orjson.dumps(error).decode())

    async def finish(self, run: Run, error: Mapping[str, object] | None = None) -> None:
        """The run is over: failed with an error, else succeeded or partial by its resources."""
        await self._write(FINISH, run.project, run.id, None if error is None else orjson.dumps(error).decode())

    async def _read(self, query: str, *values: object) -> list[asyncpg.Record]:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(EVERY_PROJECT)
            rows: list[asyncpg.Record] = await connection.fetch(query, *values)
            return rows

    async def _write(self, statement: str, *values: object) -> str:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(EVERY_PROJECT)
            done: str = await connection.execute(statement, *values)
            return done


def _run(row: asyncpg.Record) -> Run:
    scope = (row["project"], row["account"], row["livemode"])
    error = None if row["error"] is None else orjson.loads(row["error"])
    return Run(
        row["project"], row["id"], row["connection"], scope, row["mode"], row["requested_at"], row["is_active"], error
    )
