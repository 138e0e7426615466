"""Who changed what: entries that are only ever added, each holding the hash of the one before it in its project.

An entry that was changed, removed or put in between breaks the chain from there on; the head, kept in a table of its
own, tells when the last ones are missing. Secrets never belong into an entry.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

import asyncpg

FIRST = b""
BATCH = 500
COMMAND_LINE = "command line"
# Taking the head locks it: of two transactions the second waits, so that numbers have no gaps.
TAKE_HEAD = """
INSERT INTO audit_heads AS head (project, number, hash) VALUES ($1, 0, '')
ON CONFLICT (project) DO UPDATE SET number = head.number
RETURNING number, hash, clock_timestamp() AS at
"""
ADD = """
INSERT INTO audit_log (project, number, at, actor, action, subject, details, previous, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
MOVE_HEAD = "UPDATE audit_heads SET number = $2, hash = $3 WHERE project = $1"
HEADS = "SELECT project, number, hash FROM audit_heads ORDER BY project"
PROJECTS = "SELECT DISTINCT project FROM audit_log ORDER BY project"
ENTRIES = """
SELECT project, number, at, actor, action, subject, details, previous, hash FROM audit_log
WHERE project = $1 AND number > $2 ORDER BY number LIMIT $3
"""


class Action(StrEnum):
    """What was done, as a past fact."""

    CONNECTED = "connection.connected"
    CONNECT_REFUSED = "connection.refused"
    DISCONNECTED = "connection.disconnected"
    DEAUTHORIZED = "connection.deauthorized"
    REVOKED = "connection.revoked"
    CREDENTIAL_UNREADABLE = "credential.unreadable"
    CREDENTIAL_READABLE = "credential.readable"
    SECRET_ADDED = "webhook_secret.added"  # noqa: S105 – a word for what happened
    SECRET_REVOKED = "webhook_secret.revoked"  # noqa: S105
    SECRET_UNREADABLE = "webhook_secret.unreadable"  # noqa: S105
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    PROJECT_CREATED = "project.created"
    SETTINGS_CHANGED = "settings.changed"
    DIRECTORY_CHANGED = "directory.changed"
    MAPPING_OVERRIDDEN = "mapping.overridden"
    ENCRYPTION_ROTATED = "encryption.rotated"
    PERSONAL_DATA_ERASED = "personal_data.erased"
    REPLAYED = "dead_letter.replayed"
    DROPPED = "dead_letter.dropped"
    TOPIC_REPLAYED = "topic.replayed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `actor` is the API key's id, a service, or `command line`; `subject` the id of what was changed."""

    project: str
    action: Action
    actor: str
    subject: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chained:
    """An entry as it is stored."""

    project: str
    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: str
    previous: bytes
    hash: bytes

    def expected_hash(self) -> bytes:
        """The hash that the entry must have by what it says."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        told = (self.project, str(self.number), at, self.actor, self.action, self.subject, self.details)
        parts = (self.previous, *(part.encode() for part in told))
        # Each part with its length, so that no two different entries give the same bytes.
        return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


class Store(Protocol):
    """What a connection of asyncpg does; its pool's connections too."""

    async def execute(self, query: str, *args: object) -> str: ...

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None: ...

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]: ...


async def audit(connection: Store, entry: AuditEntry) -> None:
    """Add an entry in the transaction that `connection` is in, which must see the project's rows."""
    head = await connection.fetchrow(TAKE_HEAD, entry.project)
    assert head is not None
    details = json.dumps(dict(entry.details), sort_keys=True, separators=(",", ":"), default=str)
    told = (entry.actor, entry.action.value, entry.subject, details)
    number = head["number"] + 1
    hashed = Chained(entry.project, number, head["at"], *told, head["hash"], FIRST).expected_hash()
    await connection.execute(ADD, entry.project, number, head["at"], *told, head["hash"], hashed)
    await connection.execute(MOVE_HEAD, entry.project, number, hashed)


async def entries(connection: Store, project: str, after: int = 0, most: int = BATCH) -> list[Chained]:
    """Some entries of a project in their order, those that follow the one with the number `after`."""
    return [Chained(**row) for row in await connection.fetch(ENTRIES, project, after, most)]


async def chain_faults(connection: Store) -> list[str]:
    """What is wrong with the chains of all projects that `connection` sees, a sentence each; nothing if they hold."""
    heads = {row["project"]: (row["number"], bytes(row["hash"])) for row in await connection.fetch(HEADS)}
    projects = {row["project"] for row in await connection.fetch(PROJECTS)} | heads.keys()
    found = [await _fault(connection, project, heads.get(project)) for project in sorted(projects)]
    return [fault for fault in found if fault is not None]


async def _fault(connection: Store, project: str, head: tuple[int, bytes] | None) -> str | None:
    number, last = 0, FIRST
    async for each in _every(connection, project):
        if each.number != number + 1 or each.previous != last:
            return f"{project}: entry {number + 1} is missing, or what stood before entry {each.number} was changed"
        if each.hash != each.expected_hash():
            return f"{project}: entry {each.number} was changed"
        number, last = each.number, each.hash
    if head is None or head != (number, last):
        told = "none" if head is None else str(head[0])
        return f"{project}: the last entry is {number}, it should be {told}: entries are missing at the end"
    return None


async def _every(connection: Store, project: str) -> AsyncIterator[Chained]:
    after = 0
    while found := await entries(connection, project, after):
        for each in found:
            yield each
        after = found[-1].number
