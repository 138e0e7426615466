"""A connection to PostgreSQL on which whole projects are looked through, at one instant, without disturbing anybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from deploy.failures import StackUnavailable

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
CONNECT_SECONDS = 10.0
# Whole projects are read: what takes longer than this hangs.
PATIENCE_SECONDS = 1800.0
EVERY_PROJECT = "SELECT set_config('revstream.every_project', 'on', true)"
AS_IT_IS_HERE = {"application_name": "revstream-audit", "timezone": "UTC", "jit": "off", "work_mem": "64MB"}


@asynccontextmanager
async def session(url: str) -> AsyncIterator[Owner]:
    """A connection with the owner's rights for the length of a block; temporary tables live as long.

    Raises StackUnavailable.
    """
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, command_timeout=PATIENCE_SECONDS, server_settings=AS_IT_IS_HERE
        )
        try:
            yield connection
        finally:
            await connection.close()
    except asyncpg.UndefinedTableError as error:
        raise StackUnavailable("the database has not the newest schema: start the api service once") from error
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
        raise StackUnavailable(
            f"PostgreSQL does not answer ({type(error).__name__}: {error}): is it running, and DATABASE_URL right?"
        ) from error


@asynccontextmanager
async def instant(connection: Owner) -> AsyncIterator[None]:
    """All rows of all projects as they are at one instant. Nothing but temporary tables is written."""
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(EVERY_PROJECT)
        yield
