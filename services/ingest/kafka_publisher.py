"""The publisher on Kafka: acks=all, idempotent, with a deadline for each record and a way back from every failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from libs.runtime.kafka import ProducerLimits, abandon, new_producer
from libs.wire.codec import encode
from libs.wire.headers import Headers
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import headers_of, key_of
from libs.wire.topics import STRIPE_EVENTS
from services.ingest.breaker import Breaker
from services.ingest.publisher import NotPublished, RecordTooLarge

log = structlog.get_logger(__name__)
NewProducer = Callable[[], AIOKafkaProducer]


@dataclass(frozen=True, slots=True)
class PublishLimits:
    """`acknowledged_seconds` leaves room to answer within the five seconds that a webhook may take.

    `most_waiting` bounds the records that wait for an acknowledgement, and with it memory while the broker stalls.
    """

    acknowledged_seconds: float = 4.0
    most_waiting: int = 2000
    most_waiting_bytes: int = 64 * 1024 * 1024
    tries: int = 2
    renewal_seconds: float = 0.5
    farewell_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Message:
    """One record as bytes."""

    key: bytes
    value: bytes
    headers: Headers


class KafkaPublisher:
    """Publishes on a producer that is replaced whenever one of its batches fails.

    aiokafka counts a batch's sequence numbers before it is sent, so after a failed batch the broker refuses all that
    follow on that partition (OutOfOrderSequenceNumber), for ever: only a producer with a new id gets on. A batch that
    merely waits is tried again without end, and may be published long after its webhook was answered with 503.
    """

    def __init__(self, make: NewProducer, tasks: asyncio.TaskGroup, limits: PublishLimits = PublishLimits()) -> None:
        self._make = make
        self._tasks = tasks
        self._limits = limits
        self._breaker = Breaker()
        self._loop = asyncio.get_running_loop()
        self._producer: AIOKafkaProducer | None = None
        self._renewed = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None
        self._waiting = 0
        self._waiting_bytes = 0

    @property
    def is_reachable(self) -> bool:
        """Whether the last records were acknowledged in time."""
        return not self._breaker.is_open

    async def publish(self, record: StripeRecord) -> None:
        """As Publisher says."""
        message = Message(key_of(record), encode(record), headers_of(record))
        size = len(message.value)
        self._admit(size)
        self._waiting += 1
        self._waiting_bytes += size
        try:
            async with asyncio.timeout(self._limits.acknowledged_seconds):
                await self._acknowledged(message)
        except TimeoutError:
            self._breaker.failed(self._loop.time())
            raise NotPublished(f"{_named(record)} was not acknowledged in time") from None
        except KafkaError as error:
            raise NotPublished(f"{_named(record)} was refused: {error!r}") from error
        finally:
            self._waiting -= 1
            self._waiting_bytes -= size
        self._breaker.acknowledged()

    def _admit(self, size: int) -> None:
        full = self._waiting >= self._limits.most_waiting
        if full or self._waiting_bytes + size > self._limits.most_waiting_bytes:
            raise NotPublished("too many records wait for the broker")
        if not self._breaker.permits(self._loop.time()):
            raise NotPublished("the broker does not acknowledge records")

    async def _acknowledged(self, message: Message) -> None:
        for attempt in range(1, self._limits.tries + 1):
            producer = await self._current()
            try:
                delivery = await self._sent(producer, message)
                await self._delivered(delivery)
            except KafkaError as error:
                self._replace(producer, error)
                if attempt == self._limits.tries:
                    raise
            else:
                return

    async def _sent(self, producer: AIOKafkaProducer, message: Message) -> "asyncio.Future[object]":
        try:
            delivery: asyncio.Future[object] = await producer.send(
                STRIPE_EVENTS.name, message.value, key=message.key, headers=message.headers
            )
        except MessageSizeTooLargeError as error:
            raise RecordTooLarge(str(error)) from error
        return delivery

    async def _delivered(self, delivery: "asyncio.Future[object]") -> None:
        try:
            # The shield keeps the delivery alive when our deadline passes: a late acknowledgement closes the breaker.
            await asyncio.shield(delivery)
        except asyncio.CancelledError:
            delivery.add_done_callback(self._late)
            raise

    def _late(self, delivery: "asyncio.Future[object]") -> None:
        if not delivery.cancelled() and delivery.exception() is None:
            self._breaker.acknowledged()

    async def _current(self) -> AIOKafkaProducer:
        while self._producer is None:
            await self._renewed.wait()
        return self._producer

    def _replace(self, failed: AIOKafkaProducer, error: KafkaError) -> None:
        if self._producer is failed:
            log.warning("producer_replaced", error=repr(error))
            self._producer = None
            self._renewed.clear()
            self._tasks.create_task(abandon(failed, self._limits.farewell_seconds))
            self.start()

    def start(self) -> None:
        """Begin to connect; records wait for it within their deadline."""
        self._renewal = self._tasks.create_task(self._renew())

    async def _renew(self) -> None:
        while self._producer is None:
            fresh = self._make()
            try:
                await asyncio.wait_for(fresh.start(), self._limits.acknowledged_seconds)
            except (KafkaError, OSError, TimeoutError):
                await abandon(fresh, self._limits.renewal_seconds)
                await asyncio.sleep(self._limits.renewal_seconds)
            else:
                self._producer = fresh
                self._renewed.set()

    async def close(self) -> None:
        """Let what waits be delivered, up to the farewell deadline."""
        if self._renewal is not None:
            self._renewal.cancel()
        if self._producer is not None:
            await abandon(self._producer, self._limits.farewell_seconds)


@asynccontextmanager
async def kafka_publisher(bootstrap: str, limits: PublishLimits = PublishLimits()) -> AsyncIterator[KafkaPublisher]:
    """A publisher on the cluster at `bootstrap` while the block runs."""
    requests = ProducerLimits(request_seconds=limits.acknowledged_seconds)
    async with asyncio.TaskGroup() as tasks:  # an error that nobody expected ends the service, not just a task
        publisher = KafkaPublisher(lambda: new_producer(bootstrap, requests), tasks, limits)
        publisher.start()
        try:
            yield publisher
        finally:
            await publisher.close()


def _named(record: StripeRecord) -> str:
    return f"{record.event_id or record.type} of project {record.project}"
