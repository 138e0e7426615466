"""The leader's round of digests: each due one composed and put in the post once, in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from libs.domain.metrics import Period
from libs.wire.codec import decode
from libs.wire.records import SignalRecord
from services.api.database import Connection, Database
from services.api.deliveries.bodies import digest_body
from services.api.deliveries.digest import DigestTimes, DuePeriod, due_period
from services.api.deliveries.digest_text import DigestFacts, OpenSignal, digest_text
from services.api.deliveries.spreading import new_delivery_id
from services.api.measuring import Question, measured, span
from services.api.queries import deliveries, ledger, projects
from services.api.queries.deliveries import NewDelivery

MOST_SHOWN = 5

WITH_DIGEST = """
SELECT project, id, kind, livemode, digest::text AS digest, created_at FROM webhook_endpoints
WHERE state = 'enabled' AND digest IS NOT NULL ORDER BY project, id
"""
ONCE = """
INSERT INTO digests (project, endpoint, period, composed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
COUNTS = """
SELECT count(*) FILTER (WHERE opened_at >= $3 AND opened_at < $4) AS opened,
       count(*) FILTER (WHERE status = 'resolved' AND updated_at >= $3 AND updated_at < $4) AS resolved,
       count(*) FILTER (WHERE status IN ('open', 'acknowledged')) AS open
FROM signals WHERE project = $1 AND livemode = $2 AND (status <> 'resolved' OR updated_at >= $3 OR opened_at >= $3)
"""
WORST = """
SELECT record FROM signals WHERE project = $1 AND livemode = $2 AND status IN ('open', 'acknowledged')
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], severity), opened_at DESC, id LIMIT $3
"""


async def send_digests(database: Database, clock: Callable[[], datetime]) -> int:
    """Compose what is due; tells how many. Raises one of UNREACHABLE; what was not composed is at the next round."""
    now = clock()
    async with database.every_project() as connection:
        rows = await connection.fetch(WITH_DIGEST)
    sent = 0
    for row in rows:
        times = msgspec.json.decode(row["digest"], type=DigestTimes)
        async with database.every_project() as connection:
            policy = (await projects.settings(connection, row["project"])).policy()
            due = due_period(times, ZoneInfo(policy.timezone), row["created_at"], now)
            if due is None or not await _is_first(connection, row["project"], row["id"], due, now):
                continue
            text = digest_text(await facts_of(connection, row["project"], row["livemode"], due))
            message = f"digest:{row['id']}:{due.name}"
            body = digest_body(row["kind"], message, now, text)
            new = NewDelivery(new_delivery_id(), row["id"], message, "digest", body, now)
            await deliveries.add(connection, row["project"], new)
            sent += 1
    return sent


async def facts_of(connection: Connection, project: str, livemode: bool, due: DuePeriod) -> DigestFacts:
    """What the read model says of the days, and of now."""
    policy = (await projects.settings(connection, project)).policy()
    scope = await ledger.scope(connection, project, livemode, policy.timezone)
    period = Period(due.first, due.last)
    policy = replace(policy, timezone=scope.timezone)
    (of,) = await measured(connection, Question(scope, policy, (period,), frozenset({"bridges", "failed"})))
    between = span(period, scope.timezone)
    counts = await connection.fetchrow(COUNTS, project, livemode, between.start, between.end)
    assert counts is not None
    worst = [
        decode(row["record"], SignalRecord) for row in await connection.fetch(WORST, project, livemode, MOST_SHOWN)
    ]
    return DigestFacts(
        first=due.first,
        last=due.last,
        bridges=of.bridges,
        failed_payments=of.failed_payments,
        worst=[OpenSignal(each.client, each.rule, each.severity, each.message) for each in worst],
        **counts,
    )


async def _is_first(connection: Connection, project: str, endpoint: str, due: DuePeriod, now: datetime) -> bool:
    return await connection.execute(ONCE, project, endpoint, due.name, now) == "INSERT 0 1"
