"""What a topic's records become in the read model: a pure reading and one statement for a whole batch."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.wire.topics import Topic
from services.api.database import Connection

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
    """`read` raises MalformedRecord for what can't be one; `write` must give the same tables for any repeats."""

    topic: Topic
    read: Callable[[Delivered], Row]
    write: Callable[[Connection, Sequence[Row]], Awaitable[None]]
