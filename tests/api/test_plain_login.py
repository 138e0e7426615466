"""A login without rights over roles (a managed PostgreSQL's, say) stands behind the wall all the same."""

import uuid
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.migrations import upgrade
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.postgres import pool
from services.api.access import Access
from services.api.database import Database
from services.api.read_model.leadership import SESSION
from tests.api.builders import client_delivery, client_record
from tests.api.test_read_model import take

PASSWORD = "made up for this test"


@pytest.fixture(params=["NOCREATEROLE", "CREATEROLE"])
async def owned(database: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The address of a database whose owner is no superuser."""
    login = f"plain_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(database)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"CREATE ROLE {login} LOGIN NOSUPERUSER {request.param} PASSWORD '{PASSWORD}'")
    await admin.execute(f'ALTER DATABASE "{name}" OWNER TO {login}')
    yield as_login(database, login)
    await admin.execute(f"REASSIGN OWNED BY {login} TO CURRENT_USER")
    await admin.execute(f"DROP OWNED BY {login} CASCADE")
    await admin.execute(f"DROP ROLE {login}")
    await admin.close()


def as_login(database: str, login: str) -> str:
    """The same address for another login."""
    parts = urlsplit(database)
    host = parts.netloc.rpartition("@")[2]
    return f"postgresql://{login}:{PASSWORD.replace(' ', '%20')}@{host}{parts.path}?{parts.query}"


async def test_a_plain_owner_sees_one_project_at_a_time(owned: str) -> None:
    await upgrade(owned)
    await upgrade(owned)
    key = await issue_at(owned, KeyRequest("acme", "test", [Scope.READ]))
    applier = await asyncpg.connect(owned, server_settings=SESSION)
    await take(applier, client_delivery(client_record()), client_delivery(client_record(project="other")))
    await applier.close()
    async with pool(owned, "test") as connections:
        database = Database(connections)
        assert (await Access(database).caller(f"Bearer {key.key}")).project == "acme"
        assert await connections.fetchval("SELECT count(*) FROM clients") == 0
        async with database.reading("acme") as connection:
            assert await connection.fetchval("SELECT array_agg(project) FROM clients") == ["acme"]
        async with database.writing("acme") as connection:
            assert await connection.execute("DELETE FROM clients") == "DELETE 1"
