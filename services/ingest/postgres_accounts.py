"""Credentials as PostgreSQL holds them; decrypted here and nowhere else."""

from collections.abc import Mapping

import asyncpg
import orjson
import structlog

from libs.runtime.crypto import CannotDecrypt, Keyring, Sealed, credential_place
from libs.runtime.postgres import UNREACHABLE
from services.ingest.accounts import Credential
from services.ingest.projects import StoreUnavailable

EVERY_PROJECT = "SELECT set_config('revstream.every_project', 'on', true)"
ACTIVE = """
SELECT project, id, account, livemode, credential, key_id FROM connections
WHERE state = 'active' AND credential IS NOT NULL ORDER BY project, id
"""
REFUSED = """
UPDATE connections SET state = 'error', error = $4 WHERE project = $1 AND id = $2 AND credential = $3
"""
UNREADABLE = {
    "code": "credential_unreadable",
    "message": "The stored key can't be decrypted.",
    "hint": "Put the encryption key back into REVSTREAM_ENCRYPTION_KEYS, or connect the account again.",
    "stripe_request_id": None,
}
log = structlog.get_logger(__name__)


class PostgresCredentials:
    """Reads the connections that api writes."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", keys: Keyring) -> None:
        self._pool = pool
        self._keys = keys

    async def every(self) -> tuple[Credential, ...]:
        """As CredentialSource says. A key that does not decrypt makes its connection an `error`."""
        try:
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                await connection.execute(EVERY_PROJECT)
                rows = await connection.fetch(ACTIVE)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            raise StoreUnavailable(f"connections could not be read: {error!r}") from error
        return tuple([found for row in rows if (found := await self._opened(row)) is not None])

    async def refused(self, credential: Credential, error: Mapping[str, object]) -> bool:
        """As CredentialSource says."""
        return await self._noted(credential.scope[0], credential.connection, credential.sealed, error)

    async def _opened(self, row: asyncpg.Record) -> Credential | None:
        place = credential_place(row["project"], row["id"])
        try:
            key = self._keys.decrypt(Sealed(row["key_id"], row["credential"]), place).decode()
        except CannotDecrypt as error:
            log.error("credential_unreadable", project=row["project"], connection=row["id"], reason=str(error))
            await self._noted(row["project"], row["id"], row["credential"], UNREADABLE)
            return None
        scope = (row["project"], row["account"], row["livemode"])
        return Credential(scope, row["id"], key, row["credential"])

    async def _noted(self, project: str, row: str, sealed: bytes, error: Mapping[str, object]) -> bool:
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                done = await connection.execute(REFUSED, project, row, sealed, orjson.dumps(error).decode())
        except (*UNREACHABLE, asyncpg.PostgresError) as failed:
            raise StoreUnavailable(f"connection {row} could not be changed: {failed!r}") from failed
        return done == "UPDATE 1"
