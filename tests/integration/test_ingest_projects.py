"""Projects in PostgreSQL and the ones in memory keep one contract; the database away and back is tried on it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from libs.runtime.crypto import Keyring, generate_key
from libs.runtime.postgres import PoolLimits, pool, postgres_answers
from libs.wire.stripe_event import Kept
from services.ingest.postgres_projects import PostgresProjects
from services.ingest.project_cache import ProjectSource
from services.ingest.projects import ConnectedAccount, Project, StoreUnavailable
from tests.ingest.fakes import SECRET, MemoryProjects, project
from tests.integration.ingest_rig import add_secret, with_project

KEYS = generate_key()


@pytest.fixture
async def connection(database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection to a database with the project p1, that may see all projects."""
    await with_project(database, KEYS, "p1")
    opened = await asyncpg.connect(database)
    await opened.execute("SELECT set_config('revstream.every_project', 'on', false)")
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "postgres"])
async def source(
    request: pytest.FixtureRequest, database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> AsyncIterator[ProjectSource]:
    """Each kind of source in turn, with the project p1."""
    if request.param == "memory":
        yield MemoryProjects({"p1": project()})
        return
    async with pool(database, "test") as opened:
        yield PostgresProjects(opened, Keyring.parse(KEYS))


async def test_a_project_is_found_alone_and_among_all(source: ProjectSource) -> None:
    assert await source.find("p1") == project()
    assert await source.every() == {"p1": project()}


async def test_a_project_that_does_not_exist_is_none(source: ProjectSource) -> None:
    assert await source.find("p2") is None


async def test_live_secrets_and_connections_are_read(
    database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await add_secret(connection, KEYS, "p1", b"whsec_new")
    await add_secret(connection, KEYS, "p1", b"whsec_revoked")
    await connection.execute(
        "UPDATE webhook_secrets SET revoked_at = now() WHERE id = (SELECT id FROM webhook_secrets "
        "ORDER BY created_at DESC LIMIT 1)"
    )
    for number, state in enumerate(("active", "error", "revoked", "disconnected")):
        await connection.execute(
            "INSERT INTO connections (project, id, account, livemode, state) VALUES ('p1', $1, $1, true, $2)",
            f"c{number}", state,
        )  # fmt: skip
    async with pool(database, "test") as opened:
        found = await PostgresProjects(opened, Keyring.parse(KEYS)).find("p1")
    accounts = tuple(ConnectedAccount(f"c{number}", True, is_live=number < 2) for number in range(4))
    assert found == Project("p1", (SECRET, b"whsec_new"), accounts)


async def test_a_project_that_watches_cards_lets_their_expiry_through(
    database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute(
        """INSERT INTO project_settings (project, version, preset, policy, risk)
           VALUES ('p1', 1, 'default', '{}', '{"watch_card_expiry": true}')"""
    )
    async with pool(database, "test") as opened:
        found = await PostgresProjects(opened, Keyring.parse(KEYS)).find("p1")
    assert found == replace(project(), kept=Kept(card_expiry=True))


async def test_a_secret_sealed_with_another_key_is_counted_as_unreadable(
    database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with pool(database, "test") as opened:
        found = await PostgresProjects(opened, Keyring.parse(generate_key())).find("p1")
    assert found == replace(project(), secrets=(), unreadable=1)


async def test_a_secret_moved_to_another_project_is_unreadable(
    database: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute("INSERT INTO projects (id, name) VALUES ('p2', 'p2')")
    await connection.execute("UPDATE webhook_secrets SET project = 'p2'")
    async with pool(database, "test") as opened:
        found = await PostgresProjects(opened, Keyring.parse(KEYS)).find("p2")
    assert found == Project("p2", unreadable=1)


async def test_a_database_that_is_away_is_said_to_be_unavailable() -> None:
    limits = PoolLimits(connect_seconds=0.5, command_seconds=0.5)
    async with pool("postgresql://x@127.0.0.1:9/x", "test", limits) as opened:
        assert not await postgres_answers(opened)
        with pytest.raises(StoreUnavailable):
            await PostgresProjects(opened, Keyring.parse(KEYS)).find("p1")
