"""The stream works with PostgreSQL down: what is known stays known, what isn't is not guessed."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from deploy.postgres.server import PostgresServer, PostgresSettings
from libs.runtime.crypto import generate_key
from tests.ingest.fakes import body_of, event, signature
from tests.integration.ingest_rig import Ingest, running_ingest, with_project

KEYS = generate_key()
BODY = body_of(event())


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    """A server that this test may stop and start."""
    server = PostgresServer(PostgresSettings(tmp_path / "postgres", durable=False))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ingest(kafka_bootstrap: str, postgres: PostgresServer, project: str) -> AsyncIterator[Ingest]:
    """Ingest, ready, on a database of its own server."""
    await with_project(postgres.database_url, KEYS, project)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "DATABASE_URL": postgres.database_url,
        "REVSTREAM_ENCRYPTION_KEYS": KEYS,
    }
    async with running_ingest(environment, project) as running:
        await running.ready_within(20)
        yield running


async def status_for(session: ClientSession, ingest: Ingest, project: str) -> int:
    headers = {"Stripe-Signature": signature(BODY, at=int(time.time()))}
    url = f"http://127.0.0.1:{ingest.port}/webhooks/stripe/{project}"
    async with session.post(url, data=BODY, headers=headers) as response:
        return response.status


@pytest.mark.chaos
async def test_webhooks_go_on_without_the_database_and_new_projects_wait_for_it(
    ingest: Ingest, postgres: PostgresServer
) -> None:
    async with ClientSession() as session:
        assert await status_for(session, ingest, "nobody") == 404
        await postgres.kill()
        assert await ingest.status_of(session, BODY) == 200
        assert await status_for(session, ingest, "newcomer") == 503
        await ingest.check_says("postgres", "degraded", within=15)
        assert await ingest.status_of(session, BODY) == 200
        await ingest.ready_within(2)
        await postgres.start()
        await ingest.check_says("postgres", "ok", within=10)
        assert await status_for(session, ingest, "newcomer") == 404
        assert await ingest.status_of(session, BODY) == 200
    assert await ingest.stop() == 0


@pytest.mark.chaos
async def test_a_restart_without_the_database_takes_nothing_for_unknown(
    kafka_bootstrap: str, postgres: PostgresServer, project: str
) -> None:
    await with_project(postgres.database_url, KEYS, project)
    await postgres.stop()
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "DATABASE_URL": postgres.database_url,
        "REVSTREAM_ENCRYPTION_KEYS": KEYS,
    }
    async with running_ingest(environment, project) as ingest, ClientSession() as session:
        await ingest.ready_within(25)
        assert await ingest.status_of(session, BODY) == 503
        await postgres.start()
        await ingest.check_says("postgres", "ok", within=10)
        assert await ingest.status_of(session, BODY) == 200
