"""API keys and webhook secrets of a project."""

from dataclasses import dataclass
from datetime import datetime

from libs.runtime.crypto import Sealed
from services.api.database import Connection

KEYS = """
SELECT id, label, prefix, scopes, created_at, expires_at, last_used_at FROM api_keys
WHERE project = $1 AND revoked_at IS NULL ORDER BY created_at, id
"""
REVOKE_KEY = "UPDATE api_keys SET revoked_at = now() WHERE project = $1 AND id = $2 AND revoked_at IS NULL"
SECRETS = """
SELECT id, hint, created_at FROM webhook_secrets WHERE project = $1 AND revoked_at IS NULL ORDER BY created_at, id
"""
ADD_ROW = "INSERT INTO webhook_secrets (project, id, secret, key_id, hint) VALUES ($1, $2, $3, $4, $5)"
# What is revoked must not be found in a backup either.
EMPTY_ROW = """
UPDATE webhook_secrets SET revoked_at = now(), secret = '' WHERE project = $1 AND id = $2 AND revoked_at IS NULL
"""
TELL_INGEST = "SELECT pg_notify('revstream_connections', $1)"


@dataclass(frozen=True, slots=True)
class NewSecret:
    id: str
    sealed: Sealed
    hint: str


@dataclass(frozen=True, slots=True)
class KeyFound:
    """A key without what opens the door."""

    id: str
    label: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SecretFound:
    id: str
    hint: str
    created_at: datetime


async def keys(connection: Connection, project: str) -> list[KeyFound]:
    """The keys that are not revoked, expired ones included."""
    return [KeyFound(**row) for row in await connection.fetch(KEYS, project)]


async def revoke_key(connection: Connection, project: str, key: str) -> bool:
    """End a key's life; False where there is none to end."""
    return await connection.execute(REVOKE_KEY, project, key) == "UPDATE 1"


async def secrets(connection: Connection, project: str) -> list[SecretFound]:
    """The signing secrets that are not revoked."""
    return [SecretFound(**row) for row in await connection.fetch(SECRETS, project)]


async def add_secret(connection: Connection, project: str, secret: NewSecret) -> None:
    """Keep a sealed secret; ingest hears of it when the transaction is committed."""
    sealed = secret.sealed
    await connection.execute(ADD_ROW, project, secret.id, sealed.data, sealed.key_id, secret.hint)
    await connection.execute(TELL_INGEST, project)


async def revoke_secret(connection: Connection, project: str, secret: str) -> bool:
    """Forget a secret; False where there is none to forget."""
    revoked = await connection.execute(EMPTY_ROW, project, secret) == "UPDATE 1"
    if revoked:
        await connection.execute(TELL_INGEST, project)
    return revoked
