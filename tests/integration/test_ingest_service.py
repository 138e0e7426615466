"""The whole ingest process on real Kafka and PostgreSQL: 2xx means stored, whatever stops meanwhile."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from aiohttp import ClientSession

from deploy.kafka.broker import KafkaBroker
from libs.runtime.crypto import generate_key
from tests.ingest.fakes import body_of, event
from tests.integration.ingest_rig import Ingest, Sent, add_secret, event_ids, load, running_ingest, with_project
from tests.servers import OwnBrokers
from tests.waiting import until

KEYS = generate_key()
BODY = body_of(event())
Act = Callable[[KafkaBroker], Awaitable[None]]


def environment(bootstrap: str, database: str) -> dict[str, str]:
    return {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "DATABASE_URL": database, "REVSTREAM_ENCRYPTION_KEYS": KEYS}


@pytest.fixture
async def ingest(kafka_bootstrap: str, database: str, project: str) -> AsyncIterator[Ingest]:
    """Ingest, ready, with one project and its secret."""
    await with_project(database, KEYS, project)
    async with running_ingest(environment(kafka_bootstrap, database), project) as running:
        await running.ready_within(20)
        yield running


async def test_every_webhook_that_got_2xx_is_on_the_topic(ingest: Ingest, kafka_bootstrap: str) -> None:
    sent = Sent()
    async with ClientSession() as session:
        await asyncio.gather(*(ingest.post(session, f"evt_{number}", sent) for number in range(300)))
    assert len(sent.acknowledged) == 300
    assert await event_ids(kafka_bootstrap, ingest.project) == sent.acknowledged


async def test_a_new_secret_works_as_soon_as_it_is_told(ingest: Ingest, database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        await add_secret(connection, KEYS, ingest.project, b"whsec_new")
        await connection.execute("SELECT pg_notify('revstream_connections', $1)", ingest.project)
    finally:
        await connection.close()
    async with ClientSession() as session, asyncio.timeout(3):
        while await ingest.status_of(session, BODY, b"whsec_new") != 200:  # noqa: ASYNC110 – another process's state
            await asyncio.sleep(0.05)


async def test_a_stop_under_load_is_clean_and_loses_nothing(ingest: Ingest, kafka_bootstrap: str) -> None:
    async with load(ingest, senders=8) as sent:
        await until(lambda: len(sent.acknowledged) >= 200)
        assert await ingest.stop(deadline=30) == 0
    assert sent.acknowledged <= await event_ids(kafka_bootstrap, ingest.project)


async def test_ingest_started_before_kafka_becomes_ready_by_itself(
    own_broker: OwnBrokers, database: str, project: str
) -> None:
    await with_project(database, KEYS, project)
    broker = await own_broker()
    await broker.stop()
    async with running_ingest(environment(broker.bootstrap, database), project) as ingest:
        await ingest.ready_within(10, expected=False)
        await broker.start()
        await ingest.ready_within(15)
        async with ClientSession() as session:
            assert await ingest.status_of(session, BODY) == 200


async def test_ingest_asked_to_stop_before_kafka_is_there_stops(database: str, project: str) -> None:
    async with running_ingest(environment("127.0.0.1:9", database), project) as ingest:
        await ingest.alive_within(10)
        await ingest.ready_within(1, expected=False)
        assert await ingest.stop(deadline=30) == 0


async def stop(broker: KafkaBroker) -> None:
    await broker.stop()


async def kill(broker: KafkaBroker) -> None:
    await broker.kill()


async def freeze(broker: KafkaBroker) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)


async def thaw(broker: KafkaBroker) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGCONT)


async def start(broker: KafkaBroker) -> None:
    await broker.start()


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("loses", "returns"), [(stop, start), (kill, start), (freeze, thaw)], ids=["stopped", "killed", "frozen"]
)
async def test_a_broker_that_is_away_means_503_in_time_and_no_loss(
    own_broker: OwnBrokers, database: str, project: str, loses: Act, returns: Act, full: bool
) -> None:
    await with_project(database, KEYS, project)
    broker = await own_broker()
    async with running_ingest(environment(broker.bootstrap, database), project) as ingest:
        await ingest.ready_within(20)
        async with load(ingest, senders=20, pause=0.02) as sent:
            await until(lambda: len(sent.acknowledged) >= 200)
            await loses(broker)
            await ingest.ready_within(10, expected=False)
            await asyncio.sleep(20 if full else 6)  # the outage itself
            before = len(sent.acknowledged)
            await returns(broker)
            await ingest.ready_within(10)
            await until(lambda: len(sent.acknowledged) >= before + 200, deadline=15)
        assert set(sent.by_status) == {200, 503}
        assert sent.retry_after == {"5"}
        assert sent.slowest < 5
        assert sent.acknowledged <= await event_ids(broker.bootstrap, project)
        assert await ingest.stop(deadline=30) == 0


@pytest.mark.chaos
async def test_a_stop_while_the_broker_is_away_ends_in_time(
    own_broker: OwnBrokers, database: str, project: str
) -> None:
    await with_project(database, KEYS, project)
    broker = await own_broker()
    async with running_ingest(environment(broker.bootstrap, database), project) as ingest:
        await ingest.ready_within(20)
        async with load(ingest, senders=5, pause=0.05) as sent:
            await until(lambda: len(sent.acknowledged) >= 20)
            await broker.kill()
            await until(lambda: 503 in sent.by_status)
            assert await ingest.stop(deadline=30) == 0
