"""Kafka and PostgreSQL as commands reach them directly: what is away is one sentence, not a traceback."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import asyncpg
from aiokafka.errors import KafkaError

from deploy.failures import StackUnavailable
from libs.runtime.postgres import UNREACHABLE

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Session:
    """How long one command may take, and PostgreSQL's settings that are to hold."""

    command_seconds: float = 60
    settings: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def owner(url: str, session: Session = Session()) -> AsyncIterator[Owner]:
    """A connection with the owner's rights for the length of a block. Raises StackUnavailable."""
    try:
        connection = await _connected(url, session)
        try:
            yield connection
        finally:
            await connection.close()
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise StackUnavailable("the database has not the newest schema: start the api service once") from error
    except UNREACHABLE as error:
        raise _away(error) from error


async def _connected(url: str, session: Session) -> Owner:
    """Whatever keeps it from that is told alike: an address, a role or a database that is wrong, too."""
    try:
        return await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS,
            command_timeout=session.command_seconds,
            server_settings=dict(session.settings),
        )
    except (*UNREACHABLE, asyncpg.PostgresError, ValueError) as error:
        raise _away(error) from error


def _away(error: Exception) -> StackUnavailable:
    told = f"{type(error).__name__}: {error}"
    return StackUnavailable(f"PostgreSQL does not answer ({told}): is it running, and DATABASE_URL right?")


@contextmanager
def broker(bootstrap: str) -> Iterator[str]:
    """The address, for a block that asks Kafka. Raises StackUnavailable where Kafka does not answer."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it would tell in its words what the sentence tells
    try:
        yield bootstrap
    except (KafkaError, OSError, TimeoutError) as error:
        raise StackUnavailable(
            f"Kafka does not answer at {bootstrap} ({type(error).__name__}): is it running, and "
            "KAFKA_BOOTSTRAP_SERVERS right?"
        ) from error
