"""Everything that is sealed at rest, and how it comes under the newest key: row by row, so that it may be broken off.

A row that somebody changes meanwhile is left to the next round; a row that does not decrypt is told and left as it is.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from libs.runtime.audit_log import COMMAND_LINE, Action, AuditEntry, audit
from libs.runtime.crypto import CannotDecrypt, Keyring, Place, Sealed
from libs.runtime.postgres import EVERY_PROJECT

BATCH = 100

if TYPE_CHECKING:
    Owner = asyncpg.Connection[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that holds ciphertexts, the one that names their keys, and the field of their places."""

    table: str
    column: str
    key_id: str
    field: str


SEALED = (
    SealedColumn("connections", "credential", "key_id", "connections.credential"),
    SealedColumn("webhook_secrets", "secret", "key_id", "webhook_secrets.secret"),
    SealedColumn("webhook_endpoints", "url", "url_key_id", "webhook_endpoints.url"),
    SealedColumn("webhook_endpoints", "secret", "key_id", "webhook_endpoints.secret"),
    SealedColumn("webhook_endpoints", "old_secret", "old_key_id", "webhook_endpoints.secret"),
)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One ciphertext where it is stored."""

    column: SealedColumn
    project: str
    row: str
    sealed: Sealed

    @property
    def place(self) -> Place:
        return Place(self.project, self.row, self.column.field)

    def __str__(self) -> str:
        return f"{self.column.field} of row {self.row} in project {self.project} (key {self.sealed.key_id})"


@dataclass(slots=True)
class Rotation:
    """What a rotation did: rows sealed anew, and those that it could not open."""

    rotated: int = 0
    unreadable: list[SealedRow] = field(default_factory=list)


async def rotate(connection: "Owner", keyring: Keyring) -> Rotation:
    """Seal every row anew that is not under the keyring's first key. Broken off, it goes on at the next call.

    Needs the owner's rights. Raises what PostgreSQL's absence raises; what was done until then stays done.
    """
    done = Rotation()
    for column in SEALED:
        async for batch in _batches(connection, column, keyring.first):
            async with connection.transaction():
                await connection.execute(EVERY_PROJECT)
                await _rotate(connection, keyring, batch, done)
    return done


async def keys_in_use(connection: "Owner") -> Counter[str]:
    """How many rows each key has sealed, by its id. Needs a transaction that sees all projects."""
    used: Counter[str] = Counter()
    for each in SEALED:
        rows = await connection.fetch(
            f"SELECT {each.key_id} AS key_id, count(*) AS held FROM {each.table}"  # noqa: S608 – names of ours
            f" WHERE {each.key_id} IS NOT NULL AND {each.column} <> '' GROUP BY 1"
        )
        used.update({row["key_id"]: row["held"] for row in rows})
    return used


async def unreadable_rows(connection: "Owner", keyring: Keyring) -> list[SealedRow]:
    """The rows that no key of the keyring opens."""
    return [
        row
        for column in SEALED
        async for batch in _batches(connection, column, "")
        for row in batch
        if _opened(keyring, row) is None
    ]


async def _batches(connection: "Owner", column: SealedColumn, without: str) -> AsyncIterator[list[SealedRow]]:
    """Rows in the order of their ids, those of the key `without` left out."""
    query = (
        f"SELECT project, id, {column.column} AS sealed, {column.key_id} AS key_id FROM {column.table}"  # noqa: S608
        f" WHERE {column.key_id} <> $1 AND {column.column} <> '' AND (project, id) > ($2, $3)"
        f" ORDER BY project, id LIMIT {BATCH}"
    )
    last = ("", "")
    while True:
        async with connection.transaction():
            await connection.execute(EVERY_PROJECT)
            found = await connection.fetch(query, without, *last)
        if not found:
            return
        yield [SealedRow(column, row["project"], row["id"], Sealed(row["key_id"], row["sealed"])) for row in found]
        last = (found[-1]["project"], found[-1]["id"])


async def _rotate(connection: "Owner", keyring: Keyring, batch: list[SealedRow], done: Rotation) -> None:
    changed: Counter[str] = Counter()
    for row in batch:
        secret = _opened(keyring, row)
        if secret is None:
            done.unreadable.append(row)
            continue
        sealed, column = keyring.encrypt(secret, row.place), row.column
        moved = await connection.execute(
            f"UPDATE {column.table} SET {column.column} = $4, {column.key_id} = $5"  # noqa: S608 – names of ours
            f" WHERE project = $1 AND id = $2 AND {column.column} = $3",
            *(row.project, row.row, row.sealed.data, sealed.data, sealed.key_id),
        )
        changed[row.project] += moved == "UPDATE 1"
    done.rotated += changed.total()
    for project, rows in sorted(changed.items()):
        if rows:
            told = {"field": batch[0].column.field, "rows": rows}
            await audit(connection, AuditEntry(project, Action.ENCRYPTION_ROTATED, COMMAND_LINE, keyring.first, told))


def _opened(keyring: Keyring, row: SealedRow) -> bytes | None:
    try:
        return keyring.decrypt(row.sealed, row.place)
    except CannotDecrypt:
        return None
