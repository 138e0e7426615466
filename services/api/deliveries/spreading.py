"""From the log to the endpoints: each change becomes one delivery for each endpoint that is to be told."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.api.database import Connection, Database
from services.api.deliveries.bodies import slack_body, standard_body
from services.api.stream import log
from services.api.stream.log import Logged

PAGE = 500
SEVERITIES = ("low", "medium", "high", "critical")

BEHIND = """
SELECT e.project, e.id FROM webhook_endpoints AS e JOIN stream_sequences AS s ON s.project = e.project
WHERE e.state = 'enabled' AND e.reached < s.last ORDER BY e.project, e.id
"""
LOCK = """
SELECT project, id, kind, rules, min_severity, livemode, reached FROM webhook_endpoints
WHERE project = $1 AND id = $2 AND state = 'enabled' FOR UPDATE
"""
INSERT = """
INSERT INTO deliveries (project, id, endpoint, change_id, kind, lane, seq, body, state, created_at)
SELECT $1, id, $2, change_id, kind, lane, seq, body, 'pending', $3
FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bytea[])
    AS t (id, change_id, kind, lane, seq, body)
ON CONFLICT DO NOTHING
"""
# The first in each client's line is due, the others wait for it.
FREE = """
UPDATE deliveries AS held SET next_attempt_at = $4
WHERE held.project = $1 AND held.endpoint = $2 AND held.lane = ANY($3::text[]) AND held.state = 'pending'
  AND held.next_attempt_at IS NULL
  AND held.seq = (SELECT min(first.seq) FROM deliveries AS first
                  WHERE first.project = held.project AND first.endpoint = held.endpoint AND first.lane = held.lane
                    AND first.state = 'pending')
"""
REACHED = "UPDATE webhook_endpoints SET reached = $3 WHERE project = $1 AND id = $2"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An endpoint, what it is to be told, and how far in the log it was told."""

    project: str
    id: str
    kind: str
    rules: Sequence[str]
    min_severity: str
    livemode: bool
    reached: int


def is_told(subscriber: Subscriber, logged: Logged, most_age: timedelta) -> bool:
    """Whether a change is for the endpoint. What was old when we learned of it is history, not news.

    The age counts from the change to when we logged it, not to now: an outage of ours makes nothing too old.
    """
    change = logged.change
    if change.kind == "notice":
        return True
    if change.kind != "signal" or change.livemode != subscriber.livemode:
        return False
    if subscriber.rules and change.rule not in subscriber.rules:
        return False
    if SEVERITIES.index(change.severity) < SEVERITIES.index(subscriber.min_severity) and change.status != "resolved":
        return False
    return logged.recorded_at - change.occurred_at <= most_age


async def spread(database: Database, now: datetime, most_age: timedelta) -> int:
    """Bring every endpoint to the end of its project's log; tells how many deliveries were made."""
    async with database.every_project() as connection:
        behind = [(row["project"], row["id"]) for row in await connection.fetch(BEHIND)]
    made = 0
    for project, endpoint in behind:
        more = True
        while more:
            async with database.every_project() as connection:
                count, more = await _spread_page(connection, (project, endpoint), now, most_age)
            made += count
    return made


async def _spread_page(
    connection: Connection, place: tuple[str, str], now: datetime, most_age: timedelta
) -> tuple[int, bool]:
    row = await connection.fetchrow(LOCK, *place)
    if row is None:
        return 0, False
    subscriber = Subscriber(**row)
    page = await log.after(connection, subscriber.project, subscriber.reached, PAGE)
    if page and page[0].seq > subscriber.reached + 1:
        logger.warning("log_does_not_reach_back", endpoint=subscriber.id, missing=page[0].seq - subscriber.reached - 1)
    told = [logged for logged in page if is_told(subscriber, logged, most_age)]
    if told:
        await _insert(connection, subscriber, told, now)
    reached = page[-1].seq if page else (await log.bounds(connection, subscriber.project)).newest
    await connection.execute(REACHED, subscriber.project, subscriber.id, reached)
    return len(told), len(page) == PAGE


async def _insert(connection: Connection, subscriber: Subscriber, told: Sequence[Logged], now: datetime) -> None:
    body = slack_body if subscriber.kind == "slack" else standard_body
    await connection.execute(
        INSERT,
        subscriber.project,
        subscriber.id,
        now,
        [new_delivery_id() for _ in told],
        [logged.change.change_id for logged in told],
        [logged.change.kind for logged in told],
        [logged.change.client for logged in told],
        [logged.seq for logged in told],
        [body(logged.change) for logged in told],
    )
    await free(connection, (subscriber.project, subscriber.id), sorted({each.change.client for each in told}), now)


async def free(connection: Connection, endpoint: tuple[str, str], lanes: Sequence[str], now: datetime) -> None:
    """Make the first delivery of each line due, unless it is already."""
    await connection.execute(FREE, *endpoint, lanes, now)


def new_delivery_id() -> str:
    """The id of one delivery to one endpoint; the message's own id is the same for all."""
    return f"dlv_{secrets.token_hex(12)}"
