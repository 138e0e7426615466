"""Kafka and PostgreSQL for this machine: those of the environment, or our own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.failures import StackUnavailable
from deploy.kafka import probe as kafka_probe
from deploy.kafka.broker import FAST_START, KafkaBroker, KafkaSettings
from deploy.leftovers import only_one
from deploy.postgres import probe as postgres_probe
from deploy.postgres.server import PostgresServer, PostgresSettings

DEFAULT_HOME = ".revstream"


class Server(Protocol):
    """A server of ours that can be watched, and started again if it dies."""

    @property
    def name(self) -> str: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def wait(self) -> int: ...


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What to run and where.

    `kafka_bootstrap` and `database_url` name servers that run already; without them ours are started in `home`.
    `durable` False trades PostgreSQL's safety against a power cut for speed. `tell` gets what takes long, in words.
    """

    home: Path
    kafka_bootstrap: str | None = None
    database_url: str | None = None
    kafka_port: int | None = None
    kafka: bool = True
    postgres: bool = True
    durable: bool = True
    jvm_flags: tuple[str, ...] = FAST_START
    tell: Callable[[str], None] = lambda _: None

    @classmethod
    def from_env(cls, env: Mapping[str, str], tell: Callable[[str], None] = lambda _: None) -> "StackSettings":
        """Settings from `REVSTREAM_HOME`, `KAFKA_BOOTSTRAP_SERVERS`, `DATABASE_URL` and `KAFKA_PORT`.

        Raises:
            StackUnavailable: `KAFKA_PORT` is no port.
        """
        port = env.get("KAFKA_PORT") or "0"
        if not port.isdecimal() or int(port) > 65535:
            raise StackUnavailable(f"KAFKA_PORT is {port!r}: set it to a number from 1 to 65535, or not at all")
        return cls(
            home=Path(env.get("REVSTREAM_HOME") or DEFAULT_HOME),
            kafka_bootstrap=env.get("KAFKA_BOOTSTRAP_SERVERS") or None,
            database_url=env.get("DATABASE_URL") or None,
            kafka_port=int(port) or None,
            tell=tell,
        )


@dataclass(frozen=True, slots=True)
class Servers:
    """Where both answer (empty for one that was not asked for), and those that are ours to watch."""

    kafka_bootstrap: str
    database_url: str
    ours: tuple[Server, ...] = ()


@asynccontextmanager
async def local_stack(settings: StackSettings) -> AsyncIterator[Servers]:
    """Kafka and PostgreSQL for the length of a block: checked if given, else started and in the end stopped.

    Raises:
        StackUnavailable: one can't serve; the sentence says why and what to do, and nothing is left running.
    """
    broker, database = _our_kafka(settings), _our_postgres(settings)
    ours: list[Server] = [server for server in (broker, database) if server is not None]
    async with AsyncExitStack() as cleanup:
        if ours:
            cleanup.enter_context(only_one(settings.home))
        cleanup.push_async_callback(_stop_all, ours)
        await _all(*(server.start() for server in ours), _check_given(settings))
        yield Servers(
            kafka_bootstrap=broker.bootstrap if broker is not None else settings.kafka_bootstrap or "",
            database_url=database.database_url if database is not None else settings.database_url or "",
            ours=tuple(ours),
        )


def _our_kafka(settings: StackSettings) -> KafkaBroker | None:
    if settings.kafka_bootstrap or not settings.kafka:
        return None
    folder = settings.home / "kafka"
    return KafkaBroker(
        KafkaSettings(folder, port=settings.kafka_port, jvm_flags=settings.jvm_flags, tell=settings.tell)
    )


def _our_postgres(settings: StackSettings) -> PostgresServer | None:
    if settings.database_url or not settings.postgres:
        return None
    return PostgresServer(PostgresSettings(settings.home / "postgres", durable=settings.durable))


async def _check_given(settings: StackSettings) -> None:
    given = settings.kafka_bootstrap
    if settings.kafka and given and not await kafka_probe.answers(given):
        raise StackUnavailable(
            f"no Kafka broker answers at {given}: start it, or correct or unset KAFKA_BOOTSTRAP_SERVERS"
        )
    url = settings.database_url
    if settings.postgres and url and not await postgres_probe.answers(url):
        # Without the password that it may hold.
        place = url.rpartition("@")[2]
        raise StackUnavailable(f"no PostgreSQL answers at {place}: start it, or correct or unset DATABASE_URL")


async def _stop_all(servers: list[Server]) -> None:
    await _all(*(server.stop() for server in servers))


async def _all(*work: Coroutine[None, None, None]) -> None:
    """Do all at once; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
