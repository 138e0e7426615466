"""What the streams themselves say is not settled: versions that lack something, and ties that nothing has settled.

The edge asks for both at once; this finds what it could not: the process died, or the two updates of one second came to
two processes. It goes by the read model's versions, so it waits while that is behind.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import asyncpg
import structlog

from libs.domain.version import Rank
from libs.runtime.postgres import EVERY_PROJECT, UNREACHABLE
from libs.wire.codec import MalformedRecord, decode
from libs.wire.records import StripeRecord
from services.ingest.catalogues import Scope
from services.ingest.postgres_known import AS_OF
from services.ingest.refetching import Refetching, Waiting, Wanted
from services.ingest.seen_events import SeenEvents
from services.ingest.ties import is_ambiguous

EVERY = timedelta(seconds=30)
# Events come later than their second says. Those that Stripe sends again come to an edge that lives.
OVERLAP = timedelta(minutes=2)
LONGEST = timedelta(hours=6)
MOST = 2000
NAME = "unsettled"
MAKE = "INSERT INTO sweeps VALUES ($1, $2, $2) ON CONFLICT DO NOTHING"
TAKE = "SELECT swept_until FROM sweeps WHERE name = $1 AND swept_at <= now() - $2::interval FOR UPDATE SKIP LOCKED"
SWEPT = "UPDATE sweeps SET swept_until = $2, swept_at = now() WHERE name = $1"
RECENT = """
FROM connections c JOIN object_versions v
    ON v.project = c.project AND v.livemode = c.livemode AND v.account IN (c.account, 'self')
WHERE c.state = 'active' AND v.source <> 'snapshot' AND v.source IN ('webhook', 'events_api')
    AND v.created > $1 AND v.created <= $2
"""
# A later version, or what Stripe showed in the same second, has settled it; or is found itself.
SETTLED = """
NOT EXISTS (SELECT FROM object_versions n
    WHERE n.project = v.project AND n.customer = v.customer AND n.object_id = v.object_id
      AND (n.created > v.created OR (n.created = v.created AND n.source = 'snapshot')))
"""
LACKING = f"""
SELECT c.account, v.digest, v.record {RECENT}
    AND position('"incomplete":["'::bytea IN v.record) > 0 AND {SETTLED} LIMIT $3
"""
TIED = f"""
SELECT v.project, c.account, v.livemode, v.customer, v.object_id, v.kind, v.created {RECENT}
    AND v.kind IN ('subscription', 'customer') AND v.rank = {Rank.UPDATE.value}
    AND NOT EXISTS (SELECT FROM object_versions n
        WHERE n.project = v.project AND n.customer = v.customer AND n.object_id = v.object_id AND n.created > v.created)
GROUP BY v.project, c.account, v.livemode, v.customer, v.object_id, v.kind, v.created
HAVING count(DISTINCT v.event_id) > 1 LIMIT $3
"""  # noqa: S608 – constants of ours
VERSIONS = """
SELECT record FROM object_versions
WHERE project = $1 AND customer = $2 AND object_id = $3 AND created > $4::timestamptz - interval '4 days'
"""
log = structlog.get_logger(__name__)


class Sweeping:
    """Asks for what is not settled; of several processes one looks at a time."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", refetching: Refetching) -> None:
        self._pool = pool
        self._refetching = refetching
        self._asked = SeenEvents()

    async def follow(self) -> None:
        """Look every half minute, for ever; without PostgreSQL there is nothing to look at."""
        while True:
            try:
                await self.sweep(EVERY * 0.8)
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.warning("not_swept", reason=repr(error))
            await asyncio.sleep(EVERY.total_seconds())

    async def sweep(self, at_least: timedelta = timedelta(0)) -> int:
        """Look at what came since the last look, in whichever process that was, if that is `at_least` so long ago.

        How many objects were asked for. Raises what PostgreSQL's absence raises.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(EVERY_PROJECT)
            as_of: datetime | None = await connection.fetchval(AS_OF)
            if as_of is None:
                return 0
            await connection.execute(MAKE, NAME, as_of - OVERLAP)
            row = await connection.fetchrow(TAKE, NAME, at_least)
            if row is None:
                return 0  # another process looks, or has looked
            since, until = row["swept_until"] - OVERLAP, min(as_of, row["swept_until"] + LONGEST)
            lacking = await connection.fetch(LACKING, since, until, MOST)
            found = await connection.fetch(TIED, since, until, MOST)
            tied = [each for each in found if is_ambiguous(_records(await connection.fetch(VERSIONS, *_place(each))))]
            is_all = max(len(lacking), len(found)) < MOST
            await connection.execute(SWEPT, NAME, until if is_all else row["swept_until"])
        return sum([self._lacking(row) for row in lacking]) + sum([self._tied(row) for row in tied])

    def _lacking(self, row: asyncpg.Record) -> bool:
        record = _record(row["record"])
        if record is None or not self._is_new(record.project, row["digest"].hex()):
            return False
        self._refetching.ask((record.project, row["account"], record.livemode), record)
        return True

    def _tied(self, row: asyncpg.Record) -> bool:
        if not self._is_new(row["project"], f"{row['object_id']} {row['created']}"):
            return False
        scope: Scope = row["project"], row["account"], row["livemode"]
        return self._refetching.ask_for(scope, Wanted(row["kind"], row["object_id"]), Waiting(row["created"]))

    def _is_new(self, project: str, what: str) -> bool:
        """Overlapping looks find the same again; what Stripe can't complete is asked for once."""
        if (project, what) in self._asked:
            return False
        self._asked.add(project, what)
        return True


def _place(tied: asyncpg.Record) -> tuple[str, str, str, datetime]:
    return tied["project"], tied["customer"], tied["object_id"], tied["created"]


def _records(rows: Iterable[asyncpg.Record]) -> list[StripeRecord]:
    return [record for row in rows if (record := _record(row["record"])) is not None]


def _record(raw: bytes) -> StripeRecord | None:
    try:
        return decode(raw, StripeRecord)
    except MalformedRecord:  # the workers dead-letter it and say so
        return None
