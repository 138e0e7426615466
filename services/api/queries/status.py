"""How a project's connections stand: what is stored of them, of their syncs, their polling and their webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import asyncpg
import msgspec

from services.api.database import Connection
from services.api.queries import edge_health
from services.api.queries.edge_health import Webhooks
from services.api.queries.figures import by_currency

Fields = dict[str, object]

CONNECTIONS = """
SELECT c.id, c.account, c.name, c.livemode, c.state, c.method, c.scope, c.connected_at, c.disconnected_at,
    c.permissions::text AS permissions, c.error::text AS error,
    p.polled_until, p.last_success_at AS polled_at, p.again_at, p.last_error::text AS poll_error,
    (SELECT jsonb_build_object('asked_at', to_char(asked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'done_at', to_char(done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         'tries', tries, 'last_error', last_error)
     FROM deauthorizations d WHERE d.project = c.project AND d.connection = c.id AND c.state = 'disconnected'
     ORDER BY asked_at DESC LIMIT 1)::text AS deauthorization,
    (SELECT max(finished_at) FROM sync_runs r
     WHERE r.project = c.project AND r.connection = c.id AND r.state = 'succeeded') AS last_successful_sync
FROM connections c LEFT JOIN event_cursors p ON p.project = c.project AND p.connection = c.id
WHERE c.project = $1 ORDER BY c.connected_at, c.id
"""
LAST_RUNS = """
SELECT DISTINCT ON (connection) connection, id, mode, state, requested_at, started_at, finished_at,
    error::text AS error
FROM sync_runs WHERE project = $1 ORDER BY connection, requested_at DESC, id DESC
"""
# What a run has read was true when the run began, so a resource lags by the time since then.
RESOURCES = """
SELECT s.name, s.state, s.rows, s.last_error::text AS last_error,
    (SELECT extract(epoch FROM now() - max(r.started_at))::float FROM sync_resources d
     JOIN sync_runs r ON r.project = d.project AND r.id = d.run
     WHERE d.project = $1 AND r.connection = $2 AND d.name = s.name AND d.state = 'succeeded') AS lag_seconds
FROM sync_resources s WHERE s.project = $1 AND s.run = $3 ORDER BY s.place
"""
DRIFT = """
SELECT min(checked_at) AS checked_at, sum(found)::bigint AS found, sum(fixed)::bigint AS fixed FROM (
    SELECT DISTINCT ON (d.connection) d.checked_at, d.found, d.fixed FROM drift_reports d
    JOIN connections c ON c.project = d.project AND c.id = d.connection AND c.state <> 'disconnected'
    WHERE d.project = $1 ORDER BY d.connection, d.checked_at DESC
) AS newest
"""
MAPPING = """
SELECT coalesce(sum(customers), 0)::bigint AS customers,
       coalesce(sum(customers) FILTER (WHERE mapped), 0)::bigint AS mapped
FROM customer_totals WHERE project = $1 AND livemode = $2
"""
MAPPED_MRR = """
SELECT currency, den AS exact_den, sum(num) AS exact_num FROM mrr_totals
WHERE project = $1 AND livemode = $2 AND mapped AND n > 0 GROUP BY currency, den
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything stored of one connection. `run` is the last one that was asked for, `resources` are its."""

    connection: Fields
    run: Fields | None
    resources: list[Fields]
    webhooks: Webhooks


async def standings(connection: Connection, project: str) -> list[Standing]:
    """All connections of the project, disconnected ones too, oldest first."""
    held = await edge_health.secrets(connection, project)
    runs = {row["connection"]: _content(row) for row in await connection.fetch(LAST_RUNS, project)}
    found = []
    for row in await connection.fetch(CONNECTIONS, project):
        run = runs.get(row["id"])
        resources = await connection.fetch(RESOURCES, project, row["id"], run["id"]) if run else []
        webhooks = await edge_health.webhooks(connection, project, (row["account"], row["livemode"]), held)
        found.append(Standing(_content(row), run, [_content(each) for each in resources], webhooks))
    return found


async def drift(connection: Connection, project: str) -> Fields:
    """The last comparison of every connection with Stripe, added up; as of the oldest of them."""
    row = await connection.fetchrow(DRIFT, project)
    assert row is not None
    return dict(row)


async def mapping(connection: Connection, project: str, livemode: bool) -> Fields:
    """How many customers there are, and how many of them belong to a client that is not just themselves."""
    row = await connection.fetchrow(MAPPING, project, livemode)
    assert row is not None
    return dict(row)


async def mapped_mrr(connection: Connection, project: str, livemode: bool) -> Mapping[str, Fraction]:
    """Exact MRR of the customers that belong to a client, in minor units by currency."""
    return by_currency(await connection.fetch(MAPPED_MRR, project, livemode))


def _content(row: asyncpg.Record) -> Fields:
    """The row's fields, those of JSON decoded."""
    fields: Fields = dict(row)
    for name in ("permissions", "error", "last_error", "poll_error", "deauthorization"):
        if isinstance(text := fields.get(name), str):
            fields[name] = msgspec.json.decode(text)
    return fields
