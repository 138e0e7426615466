"""Credentials as PostgreSQL holds them; decrypted here and nowhere else. What becomes of them is told in the audit log.

An account that was connected by OAuth has no credential of its own: the platform's key reads it.
"""

from collections.abc import Mapping
from datetime import datetime

import asyncpg
import orjson
import structlog

from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.runtime.crypto import CannotDecrypt, Keyring, Sealed, credential_place
from libs.runtime.postgres import EVERY_PROJECT, UNREACHABLE
from services.ingest.accounts import ACCESS_REVOKED, Credential
from services.ingest.catalogues import Scope
from services.ingest.projects import StoreUnavailable

# What could not be read is tried again and again: the keys may be put back.
ACTIVE = """
SELECT project, id, account, livemode, credential, key_id, method, state FROM connections
WHERE (credential IS NOT NULL OR method = 'oauth')
  AND (state = 'active' OR (state = 'error' AND error ->> 'code' = ANY($1::text[])))
ORDER BY project, id
"""
REFUSED = """
UPDATE connections SET state = $5, error = $4
WHERE project = $1 AND id = $2 AND credential IS NOT DISTINCT FROM $3 AND state IN ('active', 'error')
"""
NOT_READ = """
UPDATE connections SET state = 'error', error = $4
WHERE project = $1 AND id = $2 AND credential IS NOT DISTINCT FROM $3 AND state = 'active'
"""
READABLE = "UPDATE connections SET state = 'active', error = NULL WHERE project = $1 AND id = $2 AND state = 'error'"
# News of an end that is older than the last connecting tells of another access.
REVOKED = """
UPDATE connections SET state = 'revoked', error = $4
WHERE project = $1 AND account = $2 AND livemode = $3 AND method = 'oauth' AND state IN ('active', 'error')
  AND authorized_at <= $5 RETURNING id
"""
CANCEL_SYNC = """
UPDATE sync_runs SET state = 'failed', finished_at = now(), error = $3
WHERE project = $1 AND connection = $2 AND state IN ('queued', 'running')
"""
TELL_EVERYBODY = "SELECT pg_notify('revstream_connections', $1)"
UNREADABLE = {
    "code": "credential_unreadable",
    "message": "The stored key can't be decrypted.",
    "hint": "Put the encryption key back into REVSTREAM_ENCRYPTION_KEYS, or connect the account again.",
    "resource": None,
    "stripe_request_id": None,
}
NO_PLATFORM_KEY = {
    "code": "platform_key_missing",
    "message": "The account was connected by OAuth, and the platform's key that reads it is not set.",
    "hint": "Set STRIPE_SECRET_KEY for ingest, or connect the account by a restricted key.",
    "resource": None,
    "stripe_request_id": None,
}
AGAIN = (str(UNREADABLE["code"]), str(NO_PLATFORM_KEY["code"]))
# Of these the cause may be gone whenever a process starts, and each trial costs a call.
AT_START = ("platform_key_refused",)
INGEST = "ingest"
log = structlog.get_logger(__name__)


class PostgresCredentials:
    """Reads the connections that api writes."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", keys: Keyring, platform_key: str | None = None) -> None:
        self._pool = pool
        self._keys = keys
        self._platform_key = platform_key
        self._tried_again: tuple[str, ...] = (*AGAIN, *AT_START)

    async def every(self) -> tuple[Credential, ...]:
        """As CredentialSource says. A key that does not decrypt makes its connection an `error` until it does."""
        try:
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                await connection.execute(EVERY_PROJECT)
                rows = await connection.fetch(ACTIVE, list(self._tried_again))
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"connections could not be read: {error!r}") from error
        self._tried_again = AGAIN
        return tuple([found for row in rows if (found := await self._opened(row)) is not None])

    async def refused(self, credential: Credential, error: Mapping[str, object]) -> bool:
        """As CredentialSource says."""
        state = "revoked" if error["code"] == ACCESS_REVOKED["code"] else "error"
        project, row = credential.scope[0], credential.connection
        entry = AuditEntry(project, Action.REVOKED, INGEST, row, {"code": error["code"]})
        return await self._changed(entry, REFUSED, project, row, credential.sealed, _json(error), state)

    async def revoked(self, scope: Scope, at: datetime) -> None:
        """Note that Stripe told us at that time of the end of our access. Raises StoreUnavailable."""
        error = {**ACCESS_REVOKED, "resource": None, "stripe_request_id": None}
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                for row in await connection.fetch(REVOKED, *scope, _json(error), at):
                    await connection.execute(CANCEL_SYNC, scope[0], row["id"], _json(error))
                    await audit(connection, AuditEntry(scope[0], Action.REVOKED, "stripe", row["id"]))
                    await connection.execute(TELL_EVERYBODY, scope[0])
        except (*UNREACHABLE, asyncpg.PostgresError) as failed:
            raise StoreUnavailable(f"the end of access to {scope[1]} could not be noted: {failed!r}") from failed

    async def _opened(self, row: asyncpg.Record) -> Credential | None:
        key, fault = self._key_of(row)
        if key is None:
            if row["state"] == "active":
                entry = AuditEntry(row["project"], Action.CREDENTIAL_UNREADABLE, INGEST, row["id"], fault)
                told = _json(UNREADABLE if row["method"] == "key" else NO_PLATFORM_KEY)
                await self._changed(entry, NOT_READ, row["project"], row["id"], row["credential"], told)
            return None
        if row["state"] == "error":
            entry = AuditEntry(row["project"], Action.CREDENTIAL_READABLE, INGEST, row["id"])
            await self._changed(entry, READABLE, row["project"], row["id"])
        scope = (row["project"], row["account"], row["livemode"])
        return Credential(scope, row["id"], key, row["credential"])

    def _key_of(self, row: asyncpg.Record) -> tuple[str | None, dict[str, object]]:
        """The key that reads the account; None with what is told of it where there is none to be had."""
        if row["method"] == "oauth":
            return self._platform_key, {"missing": "STRIPE_SECRET_KEY"}
        try:
            place = credential_place(row["project"], row["id"])
            return self._keys.decrypt(Sealed(row["key_id"], row["credential"]), place).decode(), {}
        except CannotDecrypt as error:
            if row["state"] == "active":
                log.error("credential_unreadable", project=row["project"], connection=row["id"], reason=str(error))
            return None, {"key_id": row["key_id"]}

    async def _changed(self, entry: AuditEntry, statement: str, *values: object) -> bool:
        """Change a connection and tell of it; False where it changed otherwise meanwhile. Raises StoreUnavailable."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                done = await connection.execute(statement, *values) == "UPDATE 1"
                if done:
                    await audit(connection, entry)
        except (*UNREACHABLE, asyncpg.PostgresError) as failed:
            raise StoreUnavailable(f"connection {entry.subject} could not be changed: {failed!r}") from failed
        return done


def _json(error: Mapping[str, object]) -> str:
    return orjson.dumps(dict(error)).decode()
