"""A database with the schema for each test, copied from one that was migrated once."""

import uuid
from collections.abc import AsyncIterator

import aiohttp
import asyncpg
import pytest

from deploy.migrations import upgrade
from deploy.ports import free_port
from deploy.postgres.probe import scratch_database
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import Keyring, generate_key
from libs.runtime.health import Readiness
from libs.runtime.postgres import pool
from services.api.access import Access
from services.api.asked import Parts
from services.api.cursors import Cursors
from services.api.database import Database
from services.api.edge import Address, site
from services.api.read_model.leadership import SESSION
from services.api.site import application
from tests.api.builders import PROJECT
from tests.api.calling import Api, FakeSettingsTopic


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


@pytest.fixture
async def settings_topic() -> FakeSettingsTopic:
    return FakeSettingsTopic()


@pytest.fixture
async def api(migrated: str, opened: Database, settings_topic: FakeSettingsTopic) -> AsyncIterator[Api]:
    """The API over HTTP, with a key for everything in the project `acme`."""
    keyring = Keyring.parse(generate_key())
    parts = Parts(opened, Access(opened), Cursors(b"a secret of this test"), keyring, settings_topic)
    async with (
        site(application(parts, Readiness()), Address("127.0.0.1", free_port())) as port,
        aiohttp.ClientSession() as session,
    ):
        key = await issue_at(migrated, KeyRequest(PROJECT, "test", [Scope.ADMIN]))
        yield Api(f"http://127.0.0.1:{port}", session, key.key, migrated, parts)
