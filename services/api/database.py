"""Transactions of the API: of one project behind the wall, or (few, named here) across all projects."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from libs.runtime.postgres import EVERY_PROJECT

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes take a parameter in their stubs only
    Connection, Pool = asyncpg.Connection, asyncpg.Pool

ACQUIRE_SECONDS = 3.0
# Whoever has a connection must not wait for a second one: all who do could wait for one another.
SPARE_SECONDS = 0.2

# The role that the wall holds for; a superuser's own rights would pass every policy (see deploy/migrations/tenancy.py).
FIND_ROLE = """
SELECT rolname FROM pg_roles
WHERE rolname = 'revstream_app'
  AND CASE WHEN current_setting('server_version_num')::int >= 160000
           THEN pg_has_role(current_user, oid, 'SET') ELSE pg_has_role(current_user, oid, 'MEMBER') END
"""
STAND_BEHIND_WALL = "SELECT set_config('revstream.project', $1, true), set_config('role', $2, true)"


class Database:
    """Opens transactions. What PostgreSQL's absence raises is in `libs.runtime.postgres.UNREACHABLE`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._role: str | None = None

    @asynccontextmanager
    async def reading(self, project: str) -> AsyncIterator[Connection]:
        """One consistent look at the project's rows."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            role = await self._found_role(connection)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await connection.fetchrow(STAND_BEHIND_WALL, project, role)
                yield connection

    @asynccontextmanager
    async def same_look(self, connection: Connection, project: str) -> AsyncIterator[Connection | None]:
        """A second connection that sees the rows as this one, which is `reading`, does; None where none is free."""
        async with AsyncExitStack() as stack:
            other = await self._spare(stack)
            if other is not None:
                role, snapshot = await self._found_role(other), await connection.fetchval("SELECT pg_export_snapshot()")
                await stack.enter_async_context(other.transaction(isolation="repeatable_read", readonly=True))
                await other.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
                await other.fetchrow(STAND_BEHIND_WALL, project, role)
            yield other

    async def _spare(self, stack: AsyncExitStack) -> Connection | None:
        if not self._pool.get_idle_size() and self._pool.get_size() == self._pool.get_max_size():
            return None
        try:
            return await stack.enter_async_context(self._pool.acquire(timeout=SPARE_SECONDS))
        except TimeoutError:
            return None

    @asynccontextmanager
    async def writing(self, project: str) -> AsyncIterator[Connection]:
        """Changes to the project's rows, all or none."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            role = await self._found_role(connection)
            async with connection.transaction():
                await connection.fetchrow(STAND_BEHIND_WALL, project, role)
                yield connection

    @asynccontextmanager
    async def every_project(self) -> AsyncIterator[Connection]:
        """Rows of all projects: to find a key's project, to make a project, to publish what is unpublished."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
            await connection.fetchrow(EVERY_PROJECT)
            yield connection

    async def _found_role(self, connection: Connection) -> str:
        if self._role is None:
            self._role = await connection.fetchval(FIND_ROLE) or "none"
        return self._role
