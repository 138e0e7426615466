"""The servers that tests share, and that they do what the tests rely on."""

import asyncio
from pathlib import Path

import asyncpg

from tests.deploy.records import first, send
from tests.servers import OwnBrokers, ScratchTopics, docker_answers


async def test_a_scratch_topic_takes_and_gives_records(kafka_bootstrap: str, scratch_topic: ScratchTopics) -> None:
    topic = await scratch_topic(partitions=2)
    await send(kafka_bootstrap, topic, b"hello")
    assert await first(kafka_bootstrap, topic) == b"hello"


async def test_each_test_has_an_empty_database(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        encoding = await connection.fetchval("SHOW server_encoding")
    finally:
        await connection.close()
    assert (tables, encoding) == (0, "UTF8")


async def test_a_killed_broker_comes_back_on_its_port_with_its_records(own_broker: OwnBrokers) -> None:
    broker = await own_broker()
    address = broker.bootstrap
    topics = ScratchTopics(address)
    topic = await topics()
    await send(address, topic, b"kept")
    await broker.kill()
    await broker.start()
    assert broker.bootstrap == address
    assert await first(address, topic) == b"kept"


async def test_containers_are_used_where_an_engine_answers(tmp_path: Path) -> None:
    async def pong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nOK")
        writer.close()

    host = f"unix://{tmp_path}/docker.sock"
    async with await asyncio.start_unix_server(pong, tmp_path / "docker.sock"):
        assert await asyncio.to_thread(docker_answers, {"DOCKER_HOST": host})
    assert not docker_answers({"DOCKER_HOST": host})
