"""A database with the schema, empty for each test, and the API on it."""

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
from libs.stripe_gateway import Patience, StripeApi
from services.api.access import Access
from services.api.asked import Parts
from services.api.cursors import Cursors
from services.api.database import Database
from services.api.edge import Address, site
from services.api.read_model.leadership import SESSION
from services.api.site import application
from tests.api.builders import PROJECT
from tests.api.calling import Api, FakeSender, FakeSettingsTopic
from tests.api.posting import UNSAFE, Post, post

# Rows are deleted where there are some: to truncate every table takes twenty times as long.
EMPTY_ALL = """
DO $$
DECLARE
    name text;
    holds boolean;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);  -- tables kept by triggers are emptied themselves
    FOR name IN SELECT format('%I', relname) FROM pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO holds;
        IF holds THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$
"""

# Nobody listens there: a test that reads an account brings its own.
NO_STRIPE = StripeApi(base="http://127.0.0.1:9", patience=Patience(tries=1))


@pytest.fixture(scope="session")
async def migrated_once(database_url: str) -> AsyncIterator[str]:
    """The address of one database with our schema."""
    async with scratch_database(database_url) as url:
        await upgrade(url)
        yield url


@pytest.fixture
async def migrated(migrated_once: str) -> str:
    """The address of a database with our schema and nothing in it: emptied, as making one takes ten times as long."""
    connection = await asyncpg.connect(migrated_once)
    await connection.execute(EMPTY_ALL)
    await connection.close()
    return migrated_once


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
async def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
async def api(
    migrated: str, opened: Database, settings_topic: FakeSettingsTopic, sender: FakeSender
) -> AsyncIterator[Api]:
    """The API over HTTP, with a key for everything in the project `acme`."""
    keyring = Keyring.parse(generate_key())
    cursors = Cursors(b"a secret of this test")
    parts = Parts(opened, Access(opened), cursors, keyring, settings_topic, stripe=NO_STRIPE, sender=sender)
    async with (
        site(application(parts, Readiness()), Address("127.0.0.1", free_port())) as port,
        aiohttp.ClientSession() as session,
    ):
        key = await issue_at(migrated, KeyRequest(PROJECT, "test", [Scope.ADMIN]))
        yield Api(f"http://127.0.0.1:{port}", session, key.key, migrated, parts)


@pytest.fixture
async def by_post(api: Api, opened: Database) -> AsyncIterator[Post]:
    """Deliveries to a receiver of this machine, under a clock of the test's own."""
    object.__setattr__(api.parts, "egress", UNSAFE)  # these parts are this test's own
    async with post(api, opened, UNSAFE) as found:
        yield found
