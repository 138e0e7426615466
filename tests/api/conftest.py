"""A database with the schema for each test, copied from one that was migrated once."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.migrations import upgrade
from deploy.postgres.probe import scratch_database
from libs.runtime.postgres import pool
from services.api.database import Database
from services.api.read_model.leadership import SESSION


@pytest.fixture(scope="session")
async def template(database_url: str) -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to."""
    async with scratch_database(database_url) as url:
        await upgrade(url)
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
async def migrated(database_url: str, template: str) -> AsyncIterator[str]:
    """The address of a database with our schema that is this test's alone."""
    async with scratch_database(database_url, template) as url:
        yield url


@pytest.fixture
async def opened(migrated: str) -> AsyncIterator[Database]:
    async with pool(migrated, "test") as connections:
        yield Database(connections)


@pytest.fixture
async def applier(migrated: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The connection that the read model writes on."""
    connection = await asyncpg.connect(migrated, server_settings=SESSION)
    yield connection
    await connection.close()


@pytest.fixture
def other_project() -> str:
    return f"other-{uuid.uuid4().hex[:12]}"
