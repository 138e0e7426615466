"""Stripe accounts that a project has connected."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import msgspec

from libs.runtime.crypto import Keyring, credential_place
from services.api.database import Connection
from services.api.queries.keys import TELL_INGEST

COLUMNS = "id, account, livemode, name, state, connected_at"
FIND = "SELECT id FROM connections WHERE project = $1 AND account = $2 AND livemode = $3 FOR UPDATE"
# Two at once that connect the same account take turns.
ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
PUT = f"""
INSERT INTO connections (project, id, account, livemode, name, state, credential, key_id, permissions)
VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8)
ON CONFLICT (project, id) DO UPDATE SET
    name = EXCLUDED.name, state = 'active', credential = EXCLUDED.credential, key_id = EXCLUDED.key_id,
    permissions = EXCLUDED.permissions, error = NULL, disconnected_at = NULL
RETURNING {COLUMNS}
"""  # noqa: S608 – constants of ours
READABLE = f"""
SELECT {COLUMNS} FROM connections
WHERE project = $1 AND state IN ('active', 'error') AND credential IS NOT NULL ORDER BY connected_at, id
"""  # noqa: S608

CONNECTED = """
SELECT id FROM connections WHERE project = $1 AND state <> 'disconnected' ORDER BY connected_at, id FOR UPDATE
"""
# The key must not be found in a backup either.
DISCONNECT = """
UPDATE connections SET state = 'disconnected', credential = NULL, key_id = NULL, error = NULL, disconnected_at = now()
WHERE project = $1 AND id = $2
"""
CANCEL_SYNC = """
UPDATE sync_runs SET state = 'cancelled', finished_at = now()
WHERE project = $1 AND connection = $2 AND state IN ('queued', 'running')
"""


@dataclass(frozen=True, slots=True)
class NewConnection:
    """An account whose key was found to be good."""

    account: str
    livemode: bool
    key: str
    name: str | None
    permissions: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class ConnectionFound:
    """A connection without its key."""

    id: str
    account: str
    livemode: bool
    name: str | None
    state: str
    connected_at: datetime


async def connect(connection: Connection, project: str, new: NewConnection, keyring: Keyring) -> ConnectionFound:
    """Keep the account with its sealed key, in the row that it had before if any; ingest hears of it at commit."""
    await connection.execute(ONE_BY_ONE, f"{project}\n{new.account}\n{new.livemode}")
    row = await connection.fetchval(FIND, project, new.account, new.livemode) or f"con_{secrets.token_hex(8)}"
    sealed = keyring.encrypt(new.key.encode(), credential_place(project, row))
    permissions = msgspec.json.encode(new.permissions).decode()
    found = await connection.fetchrow(
        PUT, project, row, new.account, new.livemode, new.name, sealed.data, sealed.key_id, permissions
    )
    await connection.execute(TELL_INGEST, project)
    assert found is not None
    return ConnectionFound(**found)


async def readable(connection: Connection, project: str) -> list[ConnectionFound]:
    """The connections that have a key, oldest first."""
    return [ConnectionFound(**row) for row in await connection.fetch(READABLE, project)]


async def connected(connection: Connection, project: str) -> list[str]:
    """The ids of all connections that are not disconnected, oldest first; nobody changes them meanwhile."""
    return [row["id"] for row in await connection.fetch(CONNECTED, project)]


async def disconnect(connection: Connection, project: str, row: str) -> None:
    """Forget the key and cancel the sync; ingest hears of it at commit and publishes none of its webhooks any more."""
    await connection.execute(DISCONNECT, project, row)
    await connection.execute(CANCEL_SYNC, project, row)
    await connection.execute(TELL_INGEST, project)
