"""The catalogues in PostgreSQL, so that a restart knows at once what was learned before."""

import asyncio
from collections.abc import Mapping

import asyncpg
import orjson
import structlog

from libs.runtime.postgres import EVERY_PROJECT, UNREACHABLE
from libs.wire.stripe_event import Entry, Kind
from services.ingest.catalogues import Catalogues, Place

EVERY_SECONDS = 1.0
AGAIN_SECONDS = 5.0
MOST_AT_ONCE = 1000
ALL = "SELECT project, account, livemode, kind, id, terms FROM catalogue"
PUT = """
INSERT INTO catalogue (project, account, livemode, kind, id, terms) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project, account, livemode, kind, id) DO UPDATE SET terms = EXCLUDED.terms
"""
log = structlog.get_logger(__name__)


class CatalogueStore:
    """Loads catalogues once and keeps what they learn. Raises nothing where PostgreSQL is away: it tries again."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", catalogues: Catalogues) -> None:
        self._pool = pool
        self._catalogues = catalogues

    async def load(self) -> bool:
        """Put back all that is stored; False where PostgreSQL can't be asked now."""
        try:
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                await connection.execute(EVERY_PROJECT)
                async for row in connection.cursor(ALL, prefetch=MOST_AT_ONCE):
                    entry = Entry(Kind(row["kind"]), row["id"], orjson.loads(row["terms"]))
                    self._catalogues.restore((row["project"], row["account"], row["livemode"]), entry)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            log.warning("catalogue_not_loaded", reason=repr(error))
            return False
        return True

    async def keep(self, is_loaded: bool) -> None:
        """Store what is learned, for ever; load first what could not be loaded."""
        while not is_loaded:
            await asyncio.sleep(AGAIN_SECONDS)
            is_loaded = await self.load()
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.store()

    async def store(self) -> None:
        """Store what is not stored yet; where PostgreSQL is away, it stays so."""
        news = self._catalogues.news()
        if not news:
            return
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(EVERY_PROJECT)
                await connection.executemany(PUT, _rows(news))
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            log.warning("catalogue_not_stored", reason=repr(error), entries=len(news))
        else:
            self._catalogues.stored(news)


def _rows(news: Mapping[Place, Entry]) -> list[tuple[object, ...]]:
    """In one order everywhere, so that two processes don't wait for each other's rows."""
    rows: list[tuple[object, ...]] = []
    for scope, kind, identifier in sorted(news):
        try:
            terms = orjson.dumps(news[scope, kind, identifier].terms)
        except TypeError as error:  # a lone surrogate in a name: known while we run, and read at Stripe again after
            log.warning("terms_not_stored", project=scope[0], object=identifier, reason=str(error))
        else:
            rows.append((*scope, kind, identifier, terms))
    return rows
