"""What webhooks brought of an account, what its endpoint was refused for, and what polling had to bring instead."""

from dataclasses import dataclass
from datetime import datetime

from services.api.database import Connection

SECRETS = """
SELECT min(created_at) AS since, count(*) FILTER (WHERE unreadable_since IS NOT NULL) AS unreadable, count(*) AS held
FROM webhook_secrets WHERE project = $1 AND revoked_at IS NULL
"""
REFUSALS = "SELECT refused, refused_at FROM webhook_refusals WHERE project = $1"
# `self` is the account of events that came before there was a connection, or that could belong to several.
BROUGHT = """
SELECT (SELECT created FROM object_versions
        WHERE project = $1 AND livemode = $3 AND source = 'webhook' AND account IN ($2, 'self')
        ORDER BY created DESC LIMIT 1) AS last_event_at,
    (SELECT count(*) FROM object_versions
     WHERE project = $1 AND livemode = $3 AND source = 'webhook' AND account IN ($2, 'self')
       AND created > now() - interval '24 hours') AS events_24h
"""
EDGE = """
SELECT max(accepted_at) FILTER (WHERE livemode = $3) AS accepted_at,
    max(wrong_mode_at) FILTER (WHERE livemode <> $3) AS wrong_mode_at,
    (array_agg(skew_seconds ORDER BY accepted_at DESC NULLS LAST)
        FILTER (WHERE livemode = $3 AND skew_seconds IS NOT NULL))[1] AS skew_seconds
FROM webhook_health WHERE project = $1 AND account IN ($2, 'self')
"""
POLLED = """
SELECT created FROM object_versions
WHERE project = $1 AND account = $2 AND livemode = $3 AND source = 'events_api'
  AND created > $4 AND created < now() - interval '15 minutes'
ORDER BY created DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The project's live signing secrets: since when there are any, how many, and how many don't decrypt."""

    since: datetime | None = None
    held: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What webhooks brought of an account. `polled_at`: the newest event that polling had to bring, some time ago.

    `refused_at`: when the project was last sent something that none of its secrets had signed; `wrong_mode_at`: when
    the account last sent an event of the mode that it is not connected in.
    """

    secrets: Secrets
    last_event_at: datetime | None
    events_24h: int
    polled_at: datetime | None
    accepted_at: datetime | None = None
    refused_at: datetime | None = None
    wrong_mode_at: datetime | None = None
    skew_seconds: float | None = None


async def secrets(connection: Connection, project: str) -> Secrets:
    """How the project's signing secrets stand."""
    row = await connection.fetchrow(SECRETS, project)
    assert row is not None
    return Secrets(**row)


async def webhooks(connection: Connection, project: str, scope: tuple[str, bool], held: Secrets) -> Webhooks:
    """Of one account in one mode."""
    brought = await connection.fetchrow(BROUGHT, project, *scope)
    edge = await connection.fetchrow(EDGE, project, *scope)
    refusals = await connection.fetchrow(REFUSALS, project)
    polled = await connection.fetchval(POLLED, project, *scope, held.since) if held.since else None
    assert brought is not None
    assert edge is not None
    refused_at = refusals["refused_at"] if refusals else None
    return Webhooks(held, **brought, **edge, polled_at=polled, refused_at=refused_at)
