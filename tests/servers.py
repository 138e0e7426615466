"""Where tests find Kafka and PostgreSQL: in the environment, in containers, or in the local stack; same tests."""

import os
import socket
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka.broker import KafkaBroker, KafkaSettings
from deploy.kafka.probe import wait_until_answers
from deploy.stack import Servers, StackSettings, local_stack

DOCKER_SOCKET = Path("/var/run/docker.sock")
KAFKA_IMAGE, POSTGRES_IMAGE = "apache/kafka:4.1.0", "postgres:18"


def docker_answers(env: Mapping[str, str] = os.environ) -> bool:
    """Does a Docker engine serve here? A command line tool alone does not count."""
    given = env.get("DOCKER_HOST", "")
    if given and not given.startswith("unix://"):
        return True  # a person set it, so a failure there should show
    path = given.removeprefix("unix://") or str(DOCKER_SOCKET)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(path)
            probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b"OK" in probe.recv(4096)
        except OSError:
            return False


@asynccontextmanager
async def kafka_server(home: Path) -> AsyncIterator[str]:
    """A broker's `host:port`, with state in `home` if it has to be ours."""
    given = StackSettings.from_env(os.environ).kafka_bootstrap
    async with AsyncExitStack() as cleanup:
        if given is None and docker_answers():
            yield await cleanup.enter_async_context(_kafka_container())
            return
        settings = StackSettings(home, kafka_bootstrap=given, postgres=False)
        servers: Servers = await cleanup.enter_async_context(local_stack(settings))
        yield servers.kafka_bootstrap


@asynccontextmanager
async def postgres_server(home: Path) -> AsyncIterator[str]:
    """The address of a server on which databases may be created, with state in `home` if it has to be ours."""
    given = StackSettings.from_env(os.environ).database_url
    async with AsyncExitStack() as cleanup:
        if given is None and docker_answers():
            yield cleanup.enter_context(_postgres_container())
            return
        settings = StackSettings(home, database_url=given, kafka=False, durable=False)
        servers: Servers = await cleanup.enter_async_context(local_stack(settings))
        yield servers.database_url


@asynccontextmanager
async def _kafka_container() -> AsyncIterator[str]:
    from testcontainers.core.container import DockerContainer

    from deploy.kafka.properties import ALONE, SIZES, TIMES
    from deploy.ports import free_port

    port = free_port()  # chosen first: the broker must tell clients the port that the host maps
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    listeners = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "listeners": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
    }
    for name, value in {**listeners, **ALONE, **SIZES, **TIMES}.items():
        container.with_env(f"KAFKA_{name.upper().replace('.', '_')}", value)
    with container:
        await wait_until_answers(f"127.0.0.1:{port}", deadline=60)
        yield f"127.0.0.1:{port}"


@contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.postgres import PostgresContainer

    with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
        yield str(container.get_connection_url())


class ScratchTopics:
    """Makes topics with random names, and removes them in the end."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._made: list[str] = []

    async def __call__(self, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        """A new topic's name."""
        name = f"scratch-{uuid.uuid4().hex[:12]}"
        async with admin(self._bootstrap) as client:
            await client.create_topics(
                [NewTopic(name, num_partitions=partitions, replication_factor=1, topic_configs=dict(config or {}))]
            )
        self._made.append(name)
        return name

    async def remove(self) -> None:
        """Delete what was made."""
        if self._made:
            async with admin(self._bootstrap) as client:
                await client.delete_topics(self._made)


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that can create topics and look into groups."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


class OwnBrokers:
    """Makes brokers for one test alone, which may stop, kill and start them on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[KafkaBroker] = []

    async def __call__(self, **overrides: str) -> KafkaBroker:
        """A broker that has started, with Kafka settings (`_` for `.`) changed from ours."""
        settings = KafkaSettings(
            self._folder / f"broker{len(self._made)}",
            overrides={name.replace("_", "."): value for name, value in overrides.items()},
        )
        broker = KafkaBroker(settings)
        await broker.start()
        self._made.append(broker)
        return broker

    async def stop(self) -> None:
        """Stop all that were made."""
        for broker in self._made:
            await broker.stop()
