"""Of several API processes one applies the topics: the one whose connection holds the lock.

The figures are written on that very connection. When it breaks, the lock and the transaction are gone together, so a
process that only believes to lead can't write; signals, written on a second one, go by their offsets alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from services.api.database import Connection

READ_MODEL_LOCK = 7_305_817_366_204_512
TRY_AGAIN_SECONDS = 1.0
STATEMENT_SECONDS = 60.0

# Off: a crash of PostgreSQL may lose the last transactions, but rows and offsets together, and Kafka still has both.
# Plans are kept while tables grow from nothing to millions of rows: every statement finds its rows by key, so no plan
# may ever settle on reading a whole table, and none is worth compiling.
# The keep-alives free the lock within half a minute when the leader's machine vanishes.
SESSION = {
    "application_name": "revstream-api-read-model",
    "revstream.every_project": "on",
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "jit": "off",
    "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


@asynccontextmanager
async def leadership(database_url: str, stop: asyncio.Event) -> AsyncIterator[Connection | None]:
    """Wait until this process leads; gives the connection to write on, or None when asked to stop before."""
    async with beside(database_url) as connection:
        yield connection if await _led(connection, stop) else None


@asynccontextmanager
async def beside(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection for writing the read model, for who leads already. It holds no lock: should another process lead by
    now, the offsets are not where this one left them, and nothing that it writes is committed."""
    connection = await asyncpg.connect(
        database_url, timeout=5, command_timeout=STATEMENT_SECONDS, server_settings=SESSION
    )
    try:
        yield connection
    finally:
        await _close(connection)


async def _led(connection: Connection, stop: asyncio.Event) -> bool:
    while not stop.is_set():
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", READ_MODEL_LOCK):
            return True
        await pause(stop, TRY_AGAIN_SECONDS)
    return False


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for so long, or until asked to stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _close(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    try:
        await connection.close(timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
