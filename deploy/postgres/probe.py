"""Ask a PostgreSQL server if it serves, and make databases on it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg


async def answers(database_url: str, deadline: float = 5) -> bool:
    """Can a query be made at this address?"""
    try:
        async with asyncio.timeout(deadline):
            connection = await asyncpg.connect(database_url)
            try:
                return bool(await connection.fetchval("SELECT true"))
            finally:
                await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def create_database(database_url: str, name: str) -> None:
    """Create the database `name` on the server of `database_url` unless it exists."""
    connection = await asyncpg.connect(database_url)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


def with_database(database_url: str, name: str) -> str:
    """The address of another database on the same server."""
    parts = urlsplit(database_url)
    # urlunsplit would drop the empty host of `postgresql:///name?host=/folder`.
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


@asynccontextmanager
async def scratch_database(database_url: str, template: str | None = None) -> AsyncIterator[str]:
    """A new database, empty or a copy of the database `template`, for the length of a block; yields its address."""
    name = f"scratch_{uuid.uuid4().hex[:16]}"
    copied = f' TEMPLATE "{template}"' if template else ""
    await _execute(database_url, f'CREATE DATABASE "{name}"{copied}')
    try:
        yield with_database(database_url, name)
    finally:
        await _execute(database_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _execute(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
