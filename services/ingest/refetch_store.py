"""What waits to be read again, in PostgreSQL: another process goes on with it where the one that was asked has died."""

import asyncio
import secrets
from collections.abc import Mapping

import asyncpg
import structlog

from libs.runtime.postgres import EVERY_PROJECT, UNREACHABLE
from services.ingest.refetching import Place, Refetching, Waiting, Wanted

EVERY_SECONDS = 1.0
CLAIM_EVERY = 5
MOST_AT_ONCE = 5000
# A process says every few seconds that it lives.
CLAIMED = "now() + interval '20 seconds'"
PUT = f"""
INSERT INTO refetches (project, account, livemode, kind, object_id, after, owner, claimed_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, {CLAIMED})
ON CONFLICT (project, account, livemode, kind, object_id)
DO UPDATE SET after = greatest(refetches.after, EXCLUDED.after)
"""  # noqa: S608 – a constant of ours
DONE = """
DELETE FROM refetches
WHERE project = $1 AND account = $2 AND livemode = $3 AND kind = $4 AND object_id = $5 AND owner = $6
"""
LIVES = f"UPDATE refetches SET claimed_until = {CLAIMED} WHERE owner = $1"  # noqa: S608 – as above
CLAIM = f"""
UPDATE refetches r SET owner = $1, claimed_until = {CLAIMED}
FROM (SELECT ctid FROM refetches WHERE claimed_until < now() LIMIT $2 FOR UPDATE SKIP LOCKED) lost
WHERE r.ctid = lost.ctid
RETURNING r.project, r.account, r.livemode, r.kind, r.object_id, r.after
"""  # noqa: S608 – as above
log = structlog.get_logger(__name__)


class RefetchStore:
    """Keeps what `refetching` waits for. Raises nothing where PostgreSQL is away: it tries again."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", refetching: Refetching) -> None:
        self._pool = pool
        self._refetching = refetching
        self._owner = secrets.token_hex(8)

    async def keep(self) -> None:
        """Store what waits, for ever; every few seconds take on what processes left that are no more."""
        while True:
            await self.claim()
            for _ in range(CLAIM_EVERY):
                await asyncio.sleep(EVERY_SECONDS)
                await self.store()

    async def store(self) -> None:
        """Store what is not stored yet; where PostgreSQL is away, it stays so."""
        news = self._refetching.news()
        if not news:
            return
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                await connection.executemany(PUT, self._waiting(news))
                await connection.executemany(DONE, self._done(news))
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            log.warning("refetches_not_stored", reason=repr(error), count=len(news))
        else:
            self._refetching.stored(news)

    async def claim(self) -> None:
        """Say that this process lives, and wait for what others left."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                await connection.execute(LIVES, self._owner)
                rows = await connection.fetch(CLAIM, self._owner, MOST_AT_ONCE)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            log.warning("refetches_not_claimed", reason=repr(error))
            return
        if rows:
            log.info("refetches_taken_on", count=len(rows))
        for row in rows:
            scope = row["project"], row["account"], row["livemode"]
            wanted = Wanted(row["kind"], row["object_id"])
            if not self._refetching.ask_for(scope, wanted, Waiting(row["after"])):
                self._refetching.give_up(scope, wanted)

    def _waiting(self, news: Mapping[Place, Waiting | None]) -> list[tuple[object, ...]]:
        """In one order everywhere, so that two processes don't wait for each other's rows."""
        rows = [(*_row(place), waiting.after, self._owner) for place, waiting in news.items() if waiting is not None]
        return sorted(rows, key=lambda row: row[:5])

    def _done(self, news: Mapping[Place, Waiting | None]) -> list[tuple[object, ...]]:
        return sorted((*_row(place), self._owner) for place, waiting in news.items() if waiting is None)


def _row(place: Place) -> tuple[str, str, bool, str, str]:
    (project, account, livemode), wanted = place
    return project, account, livemode, wanted.kind, wanted.id
