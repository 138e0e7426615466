"""What is due at an endpoint, and what came of it: each result one transaction."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from libs.runtime.crypto import Keyring, Place, Sealed
from services.api.database import Connection
from services.api.deliveries.schedule import is_given_up
from services.api.deliveries.sending import Outcome
from services.api.deliveries.spreading import free
from services.api.queries import endpoints
from services.api.stream import log
from services.api.stream.log import Change

DUE_ENDPOINTS = """
SELECT DISTINCT project, endpoint FROM deliveries
WHERE state = 'pending' AND next_attempt_at IS NOT NULL AND next_attempt_at <= $1
"""
DUE = """
SELECT id, change_id, lane, body, attempts FROM deliveries
WHERE project = $1 AND endpoint = $2 AND state = 'pending' AND next_attempt_at <= $3
ORDER BY next_attempt_at, seq LIMIT $4
"""
TARGET = """
SELECT kind, url, url_key_id, secret, key_id, old_secret, old_key_id, old_secret_until FROM webhook_endpoints
WHERE project = $1 AND id = $2 AND state = 'enabled'
"""
ADD_ATTEMPT = """
INSERT INTO delivery_attempts (project, delivery, number, attempted_at, milliseconds, status, answer, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
SETTLE = """
UPDATE deliveries SET attempts = $3, state = $4, next_attempt_at = $5,
    finished_at = CASE WHEN $4 = 'pending' THEN NULL ELSE $6::timestamptz END
WHERE project = $1 AND id = $2 AND state = 'pending'
"""
SUCCEEDED = """
UPDATE webhook_endpoints AS e SET failing_since = NULL, last_success_at = $3
FROM (SELECT project, id, failing_since FROM webhook_endpoints WHERE project = $1 AND id = $2 FOR UPDATE) AS before
WHERE (e.project, e.id) = (before.project, before.id) RETURNING before.failing_since
"""
# It answers again: what waits for a later attempt need not wait any more.
HURRY = """
UPDATE deliveries SET next_attempt_at = $3
WHERE project = $1 AND endpoint = $2 AND state = 'pending' AND next_attempt_at > $3
"""
FAILED = """
UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, $3)
WHERE project = $1 AND id = $2 AND state = 'enabled' RETURNING failing_since
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come. `lane` None: it stands in no line."""

    id: str
    change_id: str
    lane: str | None
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send and how to sign; the secrets are still sealed."""

    project: str
    endpoint: str
    kind: str
    url: Sealed
    secrets: tuple[tuple[str, Sealed], ...]

    def opened(self, keyring: Keyring) -> tuple[str, list[str]]:
        """The address and the live secrets. Raises CannotDecrypt."""
        address = keyring.decrypt(self.url, endpoint_place(self.project, self.endpoint, "url"))
        place = endpoint_place(self.project, self.endpoint, "secret")
        return address.decode(), [keyring.decrypt(sealed, place).decode() for _, sealed in self.secrets]


def endpoint_place(project: str, endpoint: str, field: str) -> Place:
    """The place of an endpoint's sealed field."""
    return Place(project, endpoint, f"webhook_endpoints.{field}")


async def due_endpoints(connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """The endpoints at which something is due."""
    return [(row["project"], row["endpoint"]) for row in await connection.fetch(DUE_ENDPOINTS, now)]


async def due(connection: Connection, place: tuple[str, str], now: datetime, limit: int) -> list[Due]:
    """What is due at an endpoint, no two of one client."""
    return [Due(**row) for row in await connection.fetch(DUE, *place, now, limit)]


async def target(connection: Connection, place: tuple[str, str], now: datetime) -> Target | None:
    """How to reach the endpoint; None where it is disabled."""
    row = await connection.fetchrow(TARGET, *place)
    if row is None:
        return None
    secrets = [("new", Sealed(row["key_id"], row["secret"]))]
    if row["old_secret"] is not None and row["old_secret_until"] > now:
        secrets.append(("old", Sealed(row["old_key_id"], row["old_secret"])))
    return Target(*place, row["kind"], Sealed(row["url_key_id"], row["url"]), tuple(secrets))


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt that was made. `again`: when to try once more; None: never."""

    delivery: Due
    outcome: Outcome
    at: datetime
    again: datetime | None


async def store(connection: Connection, place: tuple[str, str], result: Result) -> None:
    """Keep the attempt, settle the delivery, free the next in line, and see how the endpoint does."""
    project, _ = place
    delivery, outcome, now = result.delivery, result.outcome, result.at
    number = delivery.attempts + 1
    told = (outcome.milliseconds, outcome.status, outcome.answer, outcome.error)
    await connection.execute(ADD_ATTEMPT, project, delivery.id, number, now, *told)
    state = "delivered" if outcome.is_delivered else "pending" if result.again else "failed"
    again = None if outcome.is_delivered else result.again
    await connection.execute(SETTLE, project, delivery.id, number, state, again, now)
    if state != "pending" and delivery.lane is not None:
        await free(connection, place, [delivery.lane], now)
    if outcome.is_delivered:
        await _succeeded(connection, place, now)
    else:
        await _failed(connection, place, outcome, now)


async def _succeeded(connection: Connection, place: tuple[str, str], now: datetime) -> None:
    if await connection.fetchval(SUCCEEDED, *place, now) is not None:
        await connection.execute(HURRY, *place, now)


async def _failed(connection: Connection, place: tuple[str, str], outcome: Outcome, now: datetime) -> None:
    since = await connection.fetchval(FAILED, *place, now)
    if since is None:
        return
    if outcome.is_gone:
        await give_up(connection, place, "the receiver answered 410 Gone", now)
    elif is_given_up(since, now):
        await give_up(connection, place, f"nothing was delivered since {since:%Y-%m-%d %H:%M} UTC", now)


async def give_up(connection: Connection, place: tuple[str, str], reason: str, now: datetime) -> None:
    """Disable the endpoint, and tell whoever listens or has another endpoint."""
    project, endpoint = place
    if await endpoints.disable(connection, project, endpoint, reason, now):
        await log.append(connection, [_notice(project, endpoint, reason, now)])


def _notice(project: str, endpoint: str, reason: str, now: datetime) -> Change:
    message = f"Webhook endpoint {endpoint} was disabled: {reason}. Enable it again once it answers."
    content = {"notice": "webhook_endpoint_disabled", "endpoint": endpoint, "at": now, "message": message}
    change_id = f"{endpoint}:disabled:{int(now.timestamp())}"
    return Change(project, "notice", change_id, True, "", "", "high", "", msgspec.json.encode(content), now)
