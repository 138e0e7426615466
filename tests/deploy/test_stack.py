"""The local stack for real: what people do to it, and what must be left of it."""

import asyncio
import os
import signal
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from deploy import ports
from deploy.failures import StackUnavailable
from deploy.kafka.broker import KafkaBroker, KafkaSettings
from deploy.leftovers import noted
from deploy.postgres.server import PostgresServer, PostgresSettings
from deploy.stack import StackSettings, local_stack
from libs.cli.processes import Happening, Supervisor, What
from tests.deploy.records import first, send
from tests.servers import ScratchTopics
from tests.waiting import is_running, until

PID_FILES = ("kafka/kafka.pid", "postgres/postgres.pid")
RUN_STACK = """
    import asyncio, pathlib, sys
    from deploy.stack import StackSettings, local_stack

    async def main():
        async with local_stack(StackSettings(pathlib.Path(sys.argv[1]))):
            print("ready", flush=True)
            await asyncio.sleep(600)

    asyncio.run(main())
"""


async def stack_process(home: Path) -> asyncio.subprocess.Process:
    """A process that runs the stack in `home` until it is ended; says `ready` on its output."""
    code = textwrap.dedent(RUN_STACK)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )


def pids(home: Path) -> list[int]:
    return [pid for name in PID_FILES if (pid := noted(home / name)) is not None]


async def keep(database_url: str, text: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE kept AS SELECT $1::text AS word", text)
    await connection.close()


async def kept(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    word: str = await connection.fetchval("SELECT word FROM kept")
    await connection.close()
    return word


@pytest.mark.stack
async def test_a_second_start_has_the_same_addresses_and_data(tmp_path: Path) -> None:
    settings = StackSettings(tmp_path)
    async with local_stack(settings) as servers:
        topic = await ScratchTopics(servers.kafka_bootstrap)()
        await send(servers.kafka_bootstrap, topic, b"record")
        await keep(servers.database_url, "row")
        with pytest.raises(StackUnavailable, match="already runs in"):
            await local_stack(settings).__aenter__()
    async with local_stack(settings) as again:
        assert (again.kafka_bootstrap, again.database_url) == (servers.kafka_bootstrap, servers.database_url)
        assert await first(again.kafka_bootstrap, topic) == b"record"
        assert await kept(again.database_url) == "row"


@pytest.mark.stack
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
async def test_killing_the_start_leaves_no_server_and_no_damage(tmp_path: Path) -> None:
    process = await stack_process(tmp_path)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    servers = pids(tmp_path)
    assert len(servers) == 2
    process.kill()
    await process.wait()
    await until(lambda: not any(is_running(pid) for pid in servers), deadline=15, what="the servers' end")
    async with local_stack(StackSettings(tmp_path)) as again:
        await keep(again.database_url, "serves")
        assert await kept(again.database_url) == "serves"


@pytest.mark.stack
async def test_a_ctrl_c_while_starting_leaves_no_server(tmp_path: Path) -> None:
    process = await stack_process(tmp_path)
    await until(lambda: len(pids(tmp_path)) == 2, deadline=20, what="both servers' start")
    servers = pids(tmp_path)
    process.send_signal(signal.SIGINT)
    await process.wait()
    assert not any(is_running(pid) for pid in servers)


@pytest.mark.stack
async def test_a_taken_port_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    port = ports.free_port()
    taker = await asyncio.start_server(lambda *_: None, ports.LOCALHOST, port)
    async with taker:
        with pytest.raises(StackUnavailable, match=f"port {port} is taken by another program"):
            await local_stack(StackSettings(tmp_path, kafka_port=port)).__aenter__()
    assert pids(tmp_path) == []


@pytest.mark.stack
async def test_a_broker_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    broker = KafkaBroker(KafkaSettings(tmp_path, overrides={"log.segment.bytes": "-1"}))
    with pytest.raises(StackUnavailable, match=r"(?s)ended with code 1 while starting: see .*kafka\.log"):
        await broker.start()
    assert broker.pid is None


@pytest.mark.stack
async def test_postgres_survives_a_kill_in_the_middle_of_a_query(tmp_path: Path) -> None:
    server = PostgresServer(PostgresSettings(tmp_path, durable=False))
    await server.start()
    connection = await asyncpg.connect(server.database_url)
    query = asyncio.ensure_future(connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)"))
    await keep(server.database_url, "row")
    await server.kill()
    await server.start()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await query
    assert await kept(server.database_url) == "row"
    await server.stop()


@pytest.mark.stack
async def test_a_server_that_dies_is_started_again(tmp_path: Path) -> None:
    told: list[Happening] = []
    settings = StackSettings(tmp_path, kafka=False, durable=False)
    async with local_stack(settings) as servers, Supervisor(told.append) as supervisor:
        for server in servers.ours:
            supervisor.watch(server)
        await keep(servers.database_url, "row")
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        await until(lambda: [each.what for each in told] == [What.EXITED, What.STARTED])
        assert await kept(servers.database_url) == "row"
    assert pids(tmp_path) == []


@pytest.mark.stack
async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    server = PostgresServer(PostgresSettings(tmp_path / ("long" * 30), durable=False))
    await server.start()
    await keep(server.database_url, "row")
    await server.stop()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"kafka_bootstrap": "127.0.0.1:1"},
            "no Kafka broker answers at 127.0.0.1:1: start it, or correct or unset KAFKA",
        ),
        (
            {"database_url": "postgresql://me:secret@127.0.0.1:1/db"},
            "no PostgreSQL answers at 127.0.0.1:1/db: start it",
        ),
        ({"database_url": "nonsense"}, "no PostgreSQL answers at nonsense"),
    ],
    ids=["Kafka", "PostgreSQL, without its password", "no address"],
)
async def test_a_given_server_that_does_not_answer_is_named(
    tmp_path: Path, given: dict[str, str], sentence: str
) -> None:
    settings = StackSettings(
        tmp_path / "home",
        kafka="kafka_bootstrap" in given,
        postgres="database_url" in given,
        **given,  # type: ignore[arg-type]
    )
    with pytest.raises(StackUnavailable, match=sentence) as failure:
        await local_stack(settings).__aenter__()
    assert "secret" not in str(failure.value)
    assert not (tmp_path / "home").exists()


def test_settings_come_from_the_environment() -> None:
    env = {
        "REVSTREAM_HOME": "/x",
        "KAFKA_PORT": "19092",
        "DATABASE_URL": "postgresql://a/b",
        "KAFKA_BOOTSTRAP_SERVERS": "",
    }
    settings = replace(StackSettings.from_env(env), tell=print)
    wanted = StackSettings(Path("/x"), kafka_port=19092, database_url="postgresql://a/b", tell=print)
    assert settings == wanted


@pytest.mark.parametrize("port", ["abc", "-1", "65536"])
def test_a_wrong_port_is_refused(port: str) -> None:
    with pytest.raises(StackUnavailable, match="set it to a number from 1 to 65535"):
        StackSettings.from_env({"KAFKA_PORT": port})
