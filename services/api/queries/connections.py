"""Stripe accounts that a project has connected."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from libs.runtime.crypto import Keyring, credential_place
from services.api.database import Connection
from services.api.queries.keys import TELL_INGEST

COLUMNS = "id, account, livemode, name, state, connected_at"
FIND = "SELECT id FROM connections WHERE project = $1 AND account = $2 AND livemode = $3 FOR UPDATE"
# Two at once that connect the same account take turns.
ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
PUT = f"""
INSERT INTO connections (project, id, account, livemode, name, state, credential, key_id, permissions, method, scope)
VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10)
ON CONFLICT (project, id) DO UPDATE SET
    name = coalesce(EXCLUDED.name, connections.name), state = 'active', credential = EXCLUDED.credential,
    key_id = EXCLUDED.key_id, permissions = EXCLUDED.permissions, method = EXCLUDED.method, scope = EXCLUDED.scope,
    error = NULL, disconnected_at = NULL, authorized_at = now()
RETURNING {COLUMNS}
"""  # noqa: S608 – constants of ours
READABLE = f"""
SELECT {COLUMNS} FROM connections
WHERE project = $1 AND state IN ('active', 'error') AND (credential IS NOT NULL OR method = 'oauth')
ORDER BY connected_at, id
"""  # noqa: S608

CONNECTED = """
SELECT id FROM connections WHERE project = $1 AND state <> 'disconnected' ORDER BY connected_at, id FOR UPDATE
"""
# The key must not be found in a backup either.
DISCONNECT = """
UPDATE connections SET state = 'disconnected', credential = NULL, key_id = NULL, error = NULL, disconnected_at = now()
WHERE project = $1 AND id = $2
"""
# What a platform was granted is given back at Stripe as well, by whoever finds it here.
GIVE_BACK = """
INSERT INTO deauthorizations (project, connection, account)
SELECT project, id, account FROM connections WHERE project = $1 AND id = $2 AND method = 'oauth'
"""
SET_PERMISSIONS = "UPDATE connections SET permissions = $3 WHERE project = $1 AND id = $2"
CANCEL_SYNC = """
UPDATE sync_runs SET state = 'cancelled', finished_at = now()
WHERE project = $1 AND connection = $2 AND state IN ('queued', 'running')
"""


@dataclass(frozen=True, slots=True)
class NewConnection:
    """An account whose key was found to be good, or (`oauth`, without a key) whose owner agreed."""

    account: str
    livemode: bool
    key: str | None = field(repr=False)
    name: str | None
    permissions: list[dict[str, object]]
    method: Literal["key", "oauth"] = "key"
    scope: str | None = None


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
    sealed = None if new.key is None else keyring.encrypt(new.key.encode(), credential_place(project, row))
    credential, key_id = (None, None) if sealed is None else (sealed.data, sealed.key_id)
    told = (new.account, new.livemode, new.name, credential, key_id, _json(new.permissions), new.method, new.scope)
    found = await connection.fetchrow(PUT, project, row, *told)
    await connection.execute(TELL_INGEST, project)
    assert found is not None
    return ConnectionFound(**found)


async def set_permissions(connection: Connection, project: str, row: str, permissions: list[dict[str, object]]) -> None:
    """Keep what was found to be readable."""
    await connection.execute(SET_PERMISSIONS, project, row, _json(permissions))


async def readable(connection: Connection, project: str) -> list[ConnectionFound]:
    """The connections that have a key, oldest first."""
    return [ConnectionFound(**row) for row in await connection.fetch(READABLE, project)]


async def connected(connection: Connection, project: str) -> list[str]:
    """The ids of all connections that are not disconnected, oldest first; nobody changes them meanwhile."""
    return [row["id"] for row in await connection.fetch(CONNECTED, project)]


async def disconnect(connection: Connection, project: str, row: str) -> None:
    """Forget the key and cancel the sync; ingest hears of it at commit and publishes none of its webhooks any more."""
    await connection.execute(GIVE_BACK, project, row)
    await connection.execute(DISCONNECT, project, row)
    await connection.execute(CANCEL_SYNC, project, row)
    await connection.execute(TELL_INGEST, project)


def _json(permissions: list[dict[str, object]]) -> str:
    return msgspec.json.encode(permissions).decode()
