"""Imports of clients: asked for here, worked on by whichever process comes first, told of while they run."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import asyncpg
import msgspec

from services.api.database import Connection
from services.api.importing.reading import RowError

MOST_ERRORS = 1_000
FIELDS = """id, state, dry_run, rows, stored, unchanged, refused, published, errors::text AS errors, requested_at,
finished_at"""
ADD = f"""
INSERT INTO directory_imports (project, id, state, dry_run, rows, content, kind)
VALUES ($1, $2, 'queued', $3, $4, $5, $6)
RETURNING {FIELDS}
"""  # noqa: S608 – constants of ours
ONE = f"SELECT {FIELDS} FROM directory_imports WHERE project = $1 AND id = $2"  # noqa: S608
# Held by its process until it is stored; one that died lets go of it.
NEXT = """
SELECT project, id, state, dry_run, kind, content FROM directory_imports
WHERE finished_at IS NULL ORDER BY requested_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# What the file said of people is not kept beside the directory.
CHECKED = """
UPDATE directory_imports SET state = $3, stored = $4, unchanged = $5, refused = $6, errors = $7::text::jsonb,
    content = NULL, finished_at = CASE WHEN $3 = 'publishing' THEN NULL ELSE now() END
WHERE project = $1 AND id = $2
"""
PUBLISHED = """
UPDATE directory_imports SET published = least(stored, published + $3) WHERE project = $1 AND id = $2
"""
FINISHED = """
UPDATE directory_imports SET published = stored, finished_at = now(),
    state = CASE WHEN refused > 0 THEN 'partial' ELSE 'succeeded' END
WHERE project = $1 AND id = $2 AND finished_at IS NULL
"""

Content = dict[str, object]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An import that is not finished; `content` None: it is stored, and the streams are to be told."""

    project: str
    id: str
    state: str
    dry_run: bool
    kind: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were (or, in a dry run, would be) stored, were as they are already, were refused, and why."""

    stored: int
    unchanged: int
    refused: int
    errors: Sequence[RowError]


@dataclass(frozen=True, slots=True)
class NewImport:
    content: bytes
    kind: str
    rows: int
    dry_run: bool


async def add(connection: Connection, project: str, new: NewImport) -> Content:
    """Keep a file for the work on it."""
    identifier = f"imp_{secrets.token_hex(8)}"
    row = await connection.fetchrow(ADD, project, identifier, new.dry_run, new.rows, new.content, new.kind)
    assert row is not None
    return _content(row)


async def one(connection: Connection, project: str, identifier: str) -> Content | None:
    """An import as it stands."""
    row = await connection.fetchrow(ONE, project, identifier)
    return None if row is None else _content(row)


async def waiting(connection: Connection) -> Waiting | None:
    """The oldest import that is not finished and nobody works on, held until the transaction ends."""
    row = await connection.fetchrow(NEXT)
    return None if row is None else Waiting(**row)


async def checked(connection: Connection, at: Waiting, outcome: Outcome) -> None:
    """The rows are stored, or there was nothing to store."""
    if outcome.stored and not at.dry_run:
        state = "publishing"
    else:
        state = ("partial" if outcome.stored + outcome.unchanged else "failed") if outcome.refused else "succeeded"
    errors = msgspec.json.encode([asdict(each) for each in outcome.errors[:MOST_ERRORS]]).decode()
    counts = outcome.stored, outcome.unchanged, outcome.refused
    await connection.execute(CHECKED, at.project, at.id, state, *counts, errors)


async def published(connection: Connection, at: Waiting, count: int) -> None:
    """The streams were told of so many more."""
    await connection.execute(PUBLISHED, at.project, at.id, count)


async def finished(connection: Connection, at: Waiting) -> None:
    """The streams were told of all."""
    await connection.execute(FINISHED, at.project, at.id)


def _content(row: asyncpg.Record) -> Content:
    return dict(row) | {"errors": msgspec.json.decode(row["errors"])}
