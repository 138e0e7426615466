"""PostgreSQL's statistics of tables that grow fast, taken before it would look itself.

A plan that was made while a table was empty is kept until the table is analysed, a minute later at best. Until then a
key may be sought through whichever index looked as cheap then, which reads every row of the project: a first sync, and
the first minute after it, took up to a hundred times as long for a statement.
"""

import asyncio

import asyncpg
import structlog

from services.api.database import Connection
from services.api.read_model.leadership import pause

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 600.0
# Below this many pages of 8 KiB no plan is bad.
SMALL_PAGES = 8
# Analysing a table makes every process plan anew what it asks of it. Views and other people's tables are left alone.
GROWN = """
SELECT format('%I.%I', relnamespace::regnamespace, relname) AS name FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND pg_has_role(relowner, 'USAGE')
  AND pg_relation_size(oid) >= current_setting('block_size')::bigint * greatest(2 * relpages, $1)
ORDER BY relname
"""
log = structlog.get_logger(__name__)


async def keep_statistics(connection: Connection, stop: asyncio.Event) -> None:
    """Analyse each table that has doubled since it was analysed, until asked to stop. Raises what asyncpg raises."""
    while not stop.is_set():
        try:
            await analyse_grown(connection)
        except (TimeoutError, asyncpg.QueryCanceledError) as error:
            log.warning("tables_not_analysed", reason=repr(error), retry_seconds=AGAIN_SECONDS)
            await pause(stop, AGAIN_SECONDS)
        await pause(stop, LOOK_SECONDS)


async def analyse_grown(connection: Connection) -> list[str]:
    """Analyse what has doubled; the names of those tables. Raises what asyncpg raises."""
    grown = [row["name"] for row in await connection.fetch(GROWN, SMALL_PAGES)]
    for name in grown:
        await connection.execute(f"ANALYZE {name}")
    if grown:
        log.info("tables_analysed", tables=grown)
    return grown
