"""A long query beside others sees what they see, and needs no second connection to be right."""

from contextlib import AsyncExitStack

import pytest

from libs.runtime.postgres import PoolLimits, pool
from services.api.database import Connection, Database, Pool
from services.api.meanwhile import meanwhile

ADD = "INSERT INTO ledgers (project, timezone) VALUES ('acme', 'UTC')"
COUNT = "SELECT count(*), pg_backend_pid() AS process, current_setting('role') AS role FROM ledgers"


async def seen(connection: Connection) -> tuple[int, int, str]:
    row = await connection.fetchrow(COUNT)
    assert row is not None
    return row["count"], row["process"], row["role"]


async def connected(opened: Pool, count: int) -> None:
    """So many connections are there and idle."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(opened.acquire())


@pytest.mark.parametrize(("connections", "others"), [(2, 1), (1, 0)], ids=["another is free", "none is free"])
async def test_both_see_the_same_rows(migrated: str, connections: int, others: int) -> None:
    async with pool(migrated, "test", PoolLimits(most=connections)) as opened, pool(migrated, "test") as elsewhere:
        await connected(opened, connections)
        database = Database(opened)
        async with database.reading("acme") as connection:
            before = await seen(connection)
            await elsewhere.execute(ADD)
            async with meanwhile(database, connection, "acme", seen) as found:
                here, there = await seen(connection), await found()
            assert (before[0], here[0], there[0]) == (0, 0, 0)
            assert (here[1] != there[1], here[2]) == (bool(others), there[2])
        async with database.reading("acme") as connection:
            assert (await seen(connection))[0] == 1


async def test_another_project_is_behind_the_wall_there_too(migrated: str, opened: Database) -> None:
    async with pool(migrated, "test") as elsewhere:
        await elsewhere.execute(ADD)
    async with (
        opened.reading("other") as connection,
        meanwhile(opened, connection, "other", seen) as found,
    ):
        assert (await found())[0] == 0


async def test_what_ends_the_block_ends_the_work(opened: Database) -> None:
    async def sleeps(connection: Connection) -> None:
        await connection.fetchval("SELECT pg_sleep(60)")

    with pytest.raises(ZeroDivisionError):
        async with opened.reading("acme") as connection, meanwhile(opened, connection, "acme", sleeps):
            raise ZeroDivisionError
    async with opened.reading("acme") as connection:
        assert (await seen(connection))[0] == 0


async def test_what_the_work_raises_is_raised(opened: Database) -> None:
    async def fails(_: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with opened.reading("acme") as connection, meanwhile(opened, connection, "acme", fails) as found:
            await found()
