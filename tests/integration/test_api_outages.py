"""The API while PostgreSQL or Kafka is away: honest answers meanwhile, nothing lost, and it comes back by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiokafka.structs import TopicPartition

from deploy.migrations import upgrade
from deploy.postgres.server import PostgresServer, PostgresSettings
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key
from libs.runtime.kafka import ensure_topics, new_consumer
from libs.wire.codec import decode
from libs.wire.records import ClientRecord, SettingsRecord
from libs.wire.topics import PROJECT_SETTINGS
from tests.api.builders import client_record
from tests.integration.api_rig import RunningApi, publish, running_api
from tests.servers import OwnBrokers

SETTINGS = "/api/integrations/stripe/settings"


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    """A server that the test may stop and kill."""
    server = PostgresServer(PostgresSettings(tmp_path / "postgres", durable=False))
    await server.start()
    yield server
    await server.stop()


def settings(bootstrap: str, database_url: str) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "DATABASE_URL": database_url,
        "REVSTREAM_ENCRYPTION_KEYS": generate_key(),
    }


@asynccontextmanager
async def asked_all_the_while(api: RunningApi, key: str) -> AsyncIterator[Counter[int]]:
    """Counts the statuses of a request made again and again."""
    statuses: Counter[int] = Counter()

    async def ask() -> None:
        async with ClientSession(timeout=ClientTimeout(total=10)) as session:
            while True:
                status, _ = await api.get(session, "/api/metrics", key)
                statuses[status] += 1
                await asyncio.sleep(0.05)

    asking = asyncio.create_task(ask())
    try:
        yield statuses
    finally:
        asking.cancel()


async def test_postgresql_killed_and_started_again_costs_503_and_no_record(
    kafka_bootstrap: str, postgres: PostgresServer, project: str
) -> None:
    await ensure_topics(kafka_bootstrap, 8, 1)
    await upgrade(postgres.database_url)
    key = (await issue_at(postgres.database_url, KeyRequest(project, "test", [Scope.ADMIN]))).key
    async with running_api(settings(kafka_bootstrap, postgres.database_url)) as api:
        await api.ready_within(30)
        async with asked_all_the_while(api, key) as statuses:
            await publish(kafka_bootstrap, records(project, 0, 300))
            await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] > 0)
            await postgres.kill()
            await publish(kafka_bootstrap, records(project, 300, 600))
            await api.ready_within(10, expected=False)
            await postgres.start()
            await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 600, seconds=30)
        assert set(statuses) == {200, 503}
        assert await api.stop() == 0


def records(project: str, start: int, end: int) -> list[ClientRecord]:
    return [client_record(f"c{n}", project=project, customers=(f"cus_{n}",)) for n in range(start, end)]


async def test_with_kafka_away_it_answers_with_growing_age_and_catches_up(
    own_broker: OwnBrokers, database: str, project: str
) -> None:
    broker = await own_broker()
    await ensure_topics(broker.bootstrap, 8, 1)
    await upgrade(database)
    key = (await issue_at(database, KeyRequest(project, "test", [Scope.ADMIN]))).key
    async with running_api(settings(broker.bootstrap, database)) as api:
        await api.ready_within(30)
        await publish(broker.bootstrap, records(project, 0, 10))
        await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 10)
        await broker.stop()
        await api.says(key, "/api/metrics", lambda said: said["freshness_seconds"] > 3)
        assert await patched(api, key, {"preset": "stripe"}) == 503
        await broker.start()
        await publish(broker.bootstrap, records(project, 10, 20))
        said = await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 20, seconds=30)
        assert said["freshness_seconds"] < 5
        assert (await published_settings(broker.bootstrap, project)).preset == "stripe"
        assert await api.stop() == 0


async def patched(api: RunningApi, key: str, body: dict[str, str]) -> int:
    url = f"http://127.0.0.1:{api.port}{SETTINGS}"
    async with ClientSession() as session:
        answer = await session.patch(url, json=body, headers={"Authorization": f"Bearer {key}"})
        return answer.status


async def published_settings(bootstrap: str, project: str) -> SettingsRecord:
    """The project's settings on the topic, once they are there."""
    consumer = new_consumer(bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(PROJECT_SETTINGS.name, n) for n in range(8)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        async with asyncio.timeout(30):
            while True:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    for record in batch:
                        if record.key == project.encode():
                            return decode(record.value, SettingsRecord)
    finally:
        await consumer.stop()


async def test_started_before_anything_else_it_waits_and_then_serves(
    own_broker: OwnBrokers, postgres: PostgresServer, project: str
) -> None:
    broker = await own_broker()
    await postgres.stop()
    await broker.stop()
    async with running_api(settings(broker.bootstrap, postgres.database_url)) as api:
        await api.ready_within(15, expected=False)
        await postgres.start()
        await broker.start()
        await api.ready_within(40)
        key = (await issue_at(postgres.database_url, KeyRequest(project, "test", [Scope.READ]))).key
        await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 0)
        assert await api.stop() == 0
