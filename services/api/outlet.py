"""What the API publishes: a producer that starts at the first need, so that the API can start while Kafka is away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.runtime.kafka import KafkaUnavailable, abandon, new_producer
from libs.wire.headers import Headers

SOURCE = "revstream/api"
START_SECONDS = 3.0
ACKNOWLEDGED_SECONDS = 4.0
ABANDON_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record, ready to be sent; `value` None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers


class Sender(Protocol):
    """What publishes records."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Return once all replicas have them. Raises KafkaUnavailable; some may have been written all the same."""


class NoBroker:
    """Stands where no broker is known: everything stays stored until there is one."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        raise KafkaUnavailable(f"{len(records)} records not published: no broker is known")


class Outlet:
    """Sends, and gives its producer up after a failure: a late record must not follow one that is sent later."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._lock = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Return once all replicas have them. Raises KafkaUnavailable; some may have been written all the same."""
        try:
            producer = await self._started()
            async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                await asyncio.gather(*[await _queued(producer, record) for record in records])
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise KafkaUnavailable(f"{len(records)} records not published: {error!r}") from error

    async def close(self) -> None:
        """Give the producer back."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer, ABANDON_SECONDS)

    async def _started(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                producer = new_producer(self._bootstrap)
                try:
                    async with asyncio.timeout(START_SECONDS):
                        await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


async def _queued(producer: AIOKafkaProducer, record: Outgoing) -> "asyncio.Future[object]":
    future: asyncio.Future[object] = await producer.send(
        record.topic, record.value, record.key, headers=list(record.headers)
    )
    return future


@asynccontextmanager
async def outlet(bootstrap: str) -> AsyncIterator[Outlet]:
    """An outlet for the length of a block."""
    opened = Outlet(bootstrap)
    try:
        yield opened
    finally:
        await opened.close()
