"""The database's schema, and the one way to bring a database up to it."""

import asyncio
from pathlib import Path

import asyncpg

VERSIONS = Path(__file__).parent / "versions"


def newest() -> str:
    """The revision of the newest schema. The chain has no branches, and each file's name begins with its revision."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("m*.py"))


async def present(database_url: str) -> str | None:
    """The revision of the schema at `database_url`; None where there is none yet.

    Raises what asyncpg raises when PostgreSQL can't be reached.
    """
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        return await revision_in(connection)
    finally:
        await connection.close()


async def revision_in(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    """The same, asked on a connection that is there."""
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return revision


async def upgrade(database_url: str) -> None:
    """Bring the database at `database_url` (as asyncpg reads it) to the newest schema; nothing happens if it is.

    Safe to run from several processes at once. Raises what asyncpg raises when PostgreSQL can't be reached.
    """
    if await present(database_url) == newest():
        return
    from deploy.migrations.applying import apply  # noqa: PLC0415 – two seconds of imports, of use on a new schema only

    await apply(database_url)


def upgrade_now(database_url: str) -> None:
    """As `upgrade`, for code without a running loop."""
    asyncio.run(upgrade(database_url))
