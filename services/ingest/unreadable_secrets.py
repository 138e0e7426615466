"""Signing secrets that don't decrypt are noted once, for the status and the audit log, and again when they do."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import structlog

from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.runtime.postgres import EVERY_PROJECT

NOTE = """
UPDATE webhook_secrets SET unreadable_since = now()
WHERE project = $1 AND id = $2 AND unreadable_since IS NULL AND revoked_at IS NULL
"""
FORGET = "UPDATE webhook_secrets SET unreadable_since = NULL WHERE project = $1 AND id = $2"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SecretNews:
    """A row whose secret decrypts no more, or again. `key_id` is that of the encryption key."""

    project: str
    row: str
    key_id: str
    is_readable: bool


async def note(pool: "asyncpg.Pool[asyncpg.Record]", news: Sequence[SecretNews]) -> None:
    """Store what is new. Raises what PostgreSQL's absence raises."""
    if not news:
        return
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(EVERY_PROJECT)
        for each in news:
            if each.is_readable:
                await connection.execute(FORGET, each.project, each.row)
            elif await connection.execute(NOTE, each.project, each.row) == "UPDATE 1":
                log.error("webhook_secret_unreadable", project=each.project, row=each.row, key_id=each.key_id)
                told = {"key_id": each.key_id}
                await audit(connection, AuditEntry(each.project, Action.SECRET_UNREADABLE, "ingest", each.row, told))
