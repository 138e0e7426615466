"""What a topic's records become in the read model: a pure reading and one statement for a whole batch."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.wire.topics import Topic
from services.api.database import Connection
from services.api.stream.log import Logged

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Delivered:
    """One record as Kafka gave it. `timestamp` is the broker's, in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Projection(Generic[Row]):
    """`read` raises MalformedRecord for what can't be one; `write` must give the same tables for any repeats.

    `tell` logs what is news, last in the transaction: from then on until its end, others wait who have news of the
    project. It gives what it logged.
    """

    topic: Topic
    read: Callable[[Delivered], Row]
    write: Callable[[Connection, Sequence[Row]], Awaitable[None]]
    tell: Callable[[Connection, Sequence[Row]], Awaitable[list[Logged]]] | None = None

    async def take(self, connection: Connection, rows: Sequence[Row]) -> list[Logged]:
        """Write and tell, in a transaction of the caller's."""
        await self.write(connection, rows)
        return [] if self.tell is None else await self.tell(connection, rows)
