"""The whole api process on real Kafka and PostgreSQL: what is on the topics is what it says, whatever stops."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from deploy.migrations import upgrade
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key
from libs.runtime.kafka import ensure_topics, new_consumer
from libs.wire.records import ClientRecord
from libs.wire.topics import REVENUE_CLIENTS
from tests.api.builders import client_record, signal_record, stripe_record
from tests.integration.api_rig import ROOT, RunningApi, publish, running_api

KEYS = generate_key()


@pytest.fixture
async def environment(kafka_bootstrap: str, database: str) -> dict[str, str]:
    await ensure_topics(kafka_bootstrap, 8, 1)
    await upgrade(database)
    return {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "DATABASE_URL": database, "REVSTREAM_ENCRYPTION_KEYS": KEYS}


async def test_on_an_empty_database_it_waits_for_its_own_schema(kafka_bootstrap: str, database: str) -> None:
    environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "DATABASE_URL": database}
    async with running_api(environment | {"REVSTREAM_ENCRYPTION_KEYS": KEYS}) as running:
        await running.ready_within(60)
        assert running.process.returncode is None


@pytest.fixture
async def key(environment: dict[str, str], project: str) -> str:
    return (await issue_at(environment["DATABASE_URL"], KeyRequest(project, "test", [Scope.ADMIN]))).key


@pytest.fixture
async def api(environment: dict[str, str]) -> AsyncIterator[RunningApi]:
    async with running_api(environment) as running:
        await running.ready_within(30)
        yield running


def clients(project: str, count: int, revision: int = 1, amount: str = "1000") -> list[ClientRecord]:
    return [
        client_record(f"c{n}", project=project, customers=(f"cus_{n}",), revision=revision, exact={"usd": amount})
        for n in range(count)
    ]


async def test_records_become_answers(api: RunningApi, key: str, project: str, kafka_bootstrap: str) -> None:
    await publish(kafka_bootstrap, [client_record(project=project), signal_record(project=project)])
    found = await api.says(key, "/api/clients/customer:cus_1", lambda said: said["status"] == "at_risk")
    assert found["mrr"]["amount"] == "10.00"
    await publish(kafka_bootstrap, [stripe_record(project=project, customer="cus_7")])
    said = await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 2)
    assert said["freshness_seconds"] < 5


async def test_a_broken_record_is_put_aside_and_the_next_one_counts(
    api: RunningApi, key: str, project: str, kafka_bootstrap: str
) -> None:
    poison = (REVENUE_CLIENTS.name, f"{project}/x".encode(), b'{"no": "client"}')
    refused = client_record("nul\0", project=project)
    await publish(kafka_bootstrap, [poison, refused, client_record("x", project=project)])
    await api.says(key, "/api/clients/x", lambda said: said["client"] == "x")
    letters = await dead_letters(kafka_bootstrap, project)
    assert {bytes(letter.value) for letter in letters} >= {poison[2]}
    reasons = {dict(letter.headers)["dl_reason"].decode() for letter in letters}
    assert any("ClientRecord" in reason for reason in reasons)
    assert any("PostgreSQL refuses" in reason for reason in reasons)


async def dead_letters(bootstrap: str, project: str) -> list[Any]:
    """The project's dead letters of `revenue.clients`, once there are two."""
    consumer = new_consumer(bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(REVENUE_CLIENTS.dead_letters, n) for n in range(8)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Any] = []
        async with asyncio.timeout(10):
            while len(found) < 2:
                batches = await consumer.getmany(timeout_ms=100)
                found += [it for it in itertools.chain(*batches.values()) if it.key.startswith(project.encode())]
    finally:
        await consumer.stop()
    return found


async def test_kills_and_restarts_lose_nothing_and_repeat_nothing(
    environment: dict[str, str], key: str, project: str, kafka_bootstrap: str
) -> None:
    for revision in (1, 2, 3):
        async with running_api(environment) as running:
            feeding = asyncio.create_task(publish(kafka_bootstrap, clients(project, 3000, revision, str(revision))))
            await running.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] > 0)
            running.process.send_signal(signal.SIGKILL)
            await feeding
    async with running_api(environment) as running:
        said = await running.says(key, "/api/metrics", lambda said: said["metrics"]["mrr"].get("exact") == "9000")
        assert said["metrics"]["active_subscribers"] == 3000
        assert await running.stop() == 0


async def test_of_two_processes_one_applies_and_the_other_takes_over(
    environment: dict[str, str], key: str, project: str, kafka_bootstrap: str
) -> None:
    async with running_api(environment) as first, running_api(environment) as second:
        await first.ready_within(30)
        await second.ready_within(30)
        await publish(kafka_bootstrap, clients(project, 10))
        for running in (first, second):
            await running.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 10)
        assert await first.stop() == 0
        await publish(kafka_bootstrap, clients(project, 20))
        await second.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 20)
        assert await second.stop() == 0


async def test_the_read_model_is_rebuilt_from_the_topics_while_it_serves(
    api: RunningApi, key: str, project: str, kafka_bootstrap: str, environment: dict[str, str]
) -> None:
    await publish(kafka_bootstrap, clients(project, 50))
    before = await api.says(key, "/api/metrics", lambda said: said["metrics"]["customers"] == 50)
    command = [sys.executable, "-m", "services.api.rebuild"]
    rebuilding = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ, **environment})
    assert await rebuilding.wait() == 0
    await api.says(
        key,
        "/api/metrics",
        lambda said: said["metrics"] == before["metrics"] and said["freshness_seconds"] is not None,
    )


async def test_it_answers_503_until_postgresql_is_there(kafka_bootstrap: str) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/none"
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "DATABASE_URL": nowhere,
        "REVSTREAM_ENCRYPTION_KEYS": KEYS,
    }
    async with running_api(settings) as running:
        await running.ready_within(20, expected=False)
        assert await running.stop() == 0


async def test_wrong_settings_end_it_with_2_and_a_sentence() -> None:
    async with running_api({"KAFKA_BOOTSTRAP_SERVERS": "", "DATABASE_URL": "", "REVSTREAM_ENCRYPTION_KEYS": ""}) as it:
        assert await asyncio.wait_for(it.process.wait(), 15) == 2
