"""Addresses that changes are sent to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import msgspec

from libs.runtime.crypto import Sealed
from services.api.database import Connection

MOST_ENDPOINTS = 50
OLD_SECRET_LIVES = timedelta(hours=24)

LIST = """
SELECT id, kind, shown_url, description, rules, min_severity, livemode, digest::text AS digest, state,
       disabled_reason, failing_since, last_success_at, old_secret_until, created_at
FROM webhook_endpoints
WHERE project = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR id = $2) ORDER BY created_at, id
"""
LOCK_PROJECT = "SELECT FROM projects WHERE id = $1 FOR UPDATE"
COUNT = "SELECT count(*) FROM webhook_endpoints WHERE project = $1 AND deleted_at IS NULL"
# A new endpoint is told what happens from now on.
ADD = """
INSERT INTO webhook_endpoints (project, id, kind, shown_url, url, url_key_id, description, rules, min_severity,
                               livemode, digest, state, reached, secret, key_id, created_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8::text[], $9, $10, $11::text::jsonb, 'enabled',
       coalesce((SELECT last FROM stream_sequences WHERE project = $1), 0), $12, $13, $14
"""
CHANGE = """
UPDATE webhook_endpoints SET description = $3, rules = $4::text[], min_severity = $5, digest = $6::text::jsonb
WHERE project = $1 AND id = $2
"""
MOVE = "UPDATE webhook_endpoints SET shown_url = $3, url = $4, url_key_id = $5 WHERE project = $1 AND id = $2"
# Enabled again it is told what happens from then on; what was held back meanwhile is in its log.
ENABLE = """
UPDATE webhook_endpoints SET state = 'enabled', disabled_reason = NULL, failing_since = NULL,
    reached = coalesce((SELECT last FROM stream_sequences WHERE project = $1), 0)
WHERE project = $1 AND id = $2 AND state <> 'enabled'
"""
DISABLE = """
UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = $3
WHERE project = $1 AND id = $2 AND state = 'enabled'
"""
GIVE_UP_PENDING = """
UPDATE deliveries SET state = 'failed', next_attempt_at = NULL, finished_at = $3
WHERE project = $1 AND endpoint = $2 AND state = 'pending'
"""
ROTATE = """
UPDATE webhook_endpoints SET old_secret = secret, old_key_id = key_id, old_secret_until = $5, secret = $3, key_id = $4
WHERE project = $1 AND id = $2
"""
# What opens a receiver's door must not be found in a backup either.
DELETE = """
UPDATE webhook_endpoints SET deleted_at = $3, state = 'disabled', disabled_reason = 'deleted', secret = '',
    old_secret = NULL, url = '', digest = NULL
WHERE project = $1 AND id = $2 AND deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an endpoint is told: `rules` empty means all."""

    description: str
    rules: list[str]
    min_severity: str
    digest: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    id: str
    kind: str
    livemode: bool
    shown_url: str
    url: Sealed
    secret: Sealed
    terms: Terms
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EndpointFound:
    """An endpoint without its secrets."""

    id: str
    kind: str
    shown_url: str
    description: str
    rules: list[str]
    min_severity: str
    livemode: bool
    digest: dict[str, object] | None
    state: str
    disabled_reason: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


async def endpoints(connection: Connection, project: str) -> list[EndpointFound]:
    """The project's endpoints, oldest first."""
    return [_found(row) for row in await connection.fetch(LIST, project, None)]


async def endpoint(connection: Connection, project: str, endpoint_id: str) -> EndpointFound | None:
    """One endpoint; None where there is none of that id."""
    row = await connection.fetchrow(LIST, project, endpoint_id)
    return None if row is None else _found(row)


async def add(connection: Connection, project: str, new: NewEndpoint) -> bool:
    """Keep an endpoint; False where the project has as many as it may."""
    await connection.execute(LOCK_PROJECT, project)
    if await connection.fetchval(COUNT, project) >= MOST_ENDPOINTS:
        return False
    terms, url, secret = new.terms, new.url, new.secret
    told = (terms.description, terms.rules, terms.min_severity, new.livemode, _json(terms.digest))
    kept = (new.id, new.kind, new.shown_url, url.data, url.key_id)
    await connection.execute(ADD, project, *kept, *told, secret.data, secret.key_id, new.created_at)
    return True


async def change(connection: Connection, project: str, endpoint_id: str, terms: Terms) -> None:
    """Let it be told something else from now on."""
    digest = _json(terms.digest)
    values = (terms.description, terms.rules, terms.min_severity, digest)
    await connection.execute(CHANGE, project, endpoint_id, *values)


async def move(connection: Connection, project: str, endpoint_id: str, shown_url: str, url: Sealed) -> None:
    """Send to another address from now on, waiting deliveries too."""
    await connection.execute(MOVE, project, endpoint_id, shown_url, url.data, url.key_id)


async def enable(connection: Connection, project: str, endpoint_id: str) -> None:
    """Send again."""
    await connection.execute(ENABLE, project, endpoint_id)


async def disable(connection: Connection, project: str, endpoint_id: str, reason: str, now: datetime) -> bool:
    """Send no more; what waits counts as failed. False where it was disabled already."""
    if await connection.execute(DISABLE, project, endpoint_id, reason) != "UPDATE 1":
        return False
    await connection.execute(GIVE_UP_PENDING, project, endpoint_id, now)
    return True


async def rotate(connection: Connection, project: str, endpoint_id: str, secret: Sealed, now: datetime) -> datetime:
    """Sign with a new secret, and with the one before it until the returned instant."""
    until = now + OLD_SECRET_LIVES
    await connection.execute(ROTATE, project, endpoint_id, secret.data, secret.key_id, until)
    return until


async def delete(connection: Connection, project: str, endpoint_id: str, now: datetime) -> bool:
    """Forget the address and its secrets; the log of deliveries stays until it is old. False: there is none."""
    await connection.execute(GIVE_UP_PENDING, project, endpoint_id, now)
    return await connection.execute(DELETE, project, endpoint_id, now) == "UPDATE 1"


def _found(row: asyncpg.Record) -> EndpointFound:
    return EndpointFound(**{**row, "digest": None if row["digest"] is None else msgspec.json.decode(row["digest"])})


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
