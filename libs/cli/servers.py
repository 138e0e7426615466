"""Kafka and PostgreSQL as commands reach them directly: what is away is one sentence, not a traceback."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import asyncpg
from aiokafka.errors import KafkaError

from deploy.failures import StackUnavailable

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
CONNECT_SECONDS = 10
COMMAND_SECONDS = 60


@asynccontextmanager
async def owner(url: str) -> AsyncIterator[Owner]:
    """A connection with the owner's rights for the length of a block. Raises StackUnavailable."""
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, command_timeout=COMMAND_SECONDS)
        try:
            yield connection
        finally:
            await connection.close()
    except asyncpg.UndefinedTableError as error:
        raise StackUnavailable("the database has not the newest schema: start the api service once") from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StackUnavailable(
            f"PostgreSQL does not answer ({type(error).__name__}: {error}): is it running, and DATABASE_URL right?"
        ) from error


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
