"""The schema: reached from nothing by any number of starts, and closed to whoever names no project."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from deploy.migrations import VERSIONS, newest, present, upgrade
from deploy.migrations.tenancy import APP_ROLE

ADD_CUSTOMER = "INSERT INTO customers (project, livemode, customer, deleted) VALUES ($1, true, 'cus_1', false)"
SEEN = "SELECT array_agg(project ORDER BY project) FROM customers"


@pytest.fixture
async def connection(database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    await upgrade(database)
    opened = await asyncpg.connect(database)
    yield opened
    await opened.close()


async def step_down(connection: "asyncpg.Connection[asyncpg.Record]", **settings: str) -> None:
    """Become the API's role for the rest of the transaction, with settings of ours."""
    for name, value in {"role": APP_ROLE, **{f"revstream.{name}": value for name, value in settings.items()}}.items():
        await connection.execute("SELECT set_config($1, $2, true)", name, value)


async def test_three_starts_at_once_leave_one_schema(database: str) -> None:
    await asyncio.gather(*(upgrade(database) for _ in range(3)))
    await upgrade(database)
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
    await connection.close()


async def test_the_newest_schema_is_told_by_the_files_names(database: str) -> None:
    scripts = ScriptDirectory(str(VERSIONS.parent))
    assert scripts.get_heads() == [newest()]
    assert sorted(path.name.partition("_")[0] for path in VERSIONS.glob("m*.py")) == sorted(
        script.revision for script in scripts.walk_revisions()
    )
    assert await present(database) is None
    await upgrade(database)
    assert await present(database) == newest()


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        pytest.param({}, None, id="no project named: nothing"),
        pytest.param({"project": "a"}, ["a"], id="one project named: its rows"),
        pytest.param({"project": ""}, None, id="an empty name: nothing"),
        pytest.param({"every_project": "on"}, None, id="the API's role can't lift the wall"),
    ],
)
async def test_a_query_sees_the_named_project_only(
    connection: "asyncpg.Connection[asyncpg.Record]", settings: dict[str, str], seen: list[str] | None
) -> None:
    await connection.executemany(ADD_CUSTOMER, [("a",), ("b",)])
    async with connection.transaction():
        await step_down(connection, **settings)
        assert await connection.fetchval(SEEN) == seen


async def test_a_row_cannot_be_written_into_another_project(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await step_down(connection, project="a")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(ADD_CUSTOMER, "b")
    await transaction.rollback()


async def test_every_table_with_a_project_stands_behind_the_wall(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    open_tables = await connection.fetch(
        """SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'project'
           WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
             AND NOT (relrowsecurity AND relforcerowsecurity)"""
    )
    assert open_tables == []
