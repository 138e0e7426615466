"""The publisher on Kafka: acks=all, idempotent, with a deadline for each record and a way back from every failure."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.runtime.kafka import RECORD_OVERHEAD_BYTES, ProducerLimits, abandon, new_producer
from libs.runtime.partition import partition_of
from libs.wire.codec import encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import cut_short, headers_of, key_of
from libs.wire.topics import MAX_RECORD_BYTES, STRIPE_EVENTS
from services.ingest import metrics
from services.ingest.breaker import Breaker
from services.ingest.deadlines import Deadlines
from services.ingest.departures import Departures
from services.ingest.lane import Lane, Message
from services.ingest.publisher import NotPublished, RecordTooLarge

log = structlog.get_logger(__name__)
NewProducer = Callable[[], AIOKafkaProducer]
MOST_VALUE_BYTES = MAX_RECORD_BYTES - RECORD_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class PublishLimits:
    """`acknowledged_seconds` leaves room to answer within the five seconds that a webhook may take.

    `most_waiting` and `most_waiting_bytes` bound the records that wait for an acknowledgement, and with them memory
    while the broker stalls. While fewer than `crowd` wait, they leave no more often than every `departure_seconds`.
    """

    acknowledged_seconds: float = 3.5
    most_waiting: int = 5000
    most_waiting_bytes: int = 64 * 1024 * 1024
    tries: int = 2
    renewal_seconds: float = 0.5
    farewell_seconds: float = 5.0
    departure_seconds: float = 0.015
    crowd: int = 16


class KafkaPublisher:
    """Publishes on a producer that is replaced whenever one of its batches fails.

    aiokafka counts a batch's sequence numbers before it is sent, so after a failed batch the broker refuses all that
    follow on that partition (OutOfOrderSequenceNumber), for ever: only a producer with a new id gets on. A batch that
    merely waits is tried again without end, and may be published long after its webhook was answered with 503.

    Batches are made here, one future each: through `send()` each record would cost aiokafka a future and two look-ups
    of the partition.
    """

    def __init__(self, make: NewProducer, partitions: int, tasks: asyncio.TaskGroup, limits: PublishLimits) -> None:
        self._make = make
        self._tasks = tasks
        self._limits = limits
        self._breaker = Breaker()
        self._deadlines = Deadlines(limits.acknowledged_seconds)
        self._loop = asyncio.get_running_loop()
        departures = Departures(limits.departure_seconds, lambda: self._waiting >= limits.crowd)
        self._lanes = [Lane(partial(self._deliver, number), departures.leave, tasks) for number in range(partitions)]
        self._producer: AIOKafkaProducer | None = None
        self._renewed = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None
        self._is_closed = False
        self._waiting = 0
        self._waiting_bytes = 0

    @property
    def is_reachable(self) -> bool:
        """Whether the last records were acknowledged in time."""
        return not self._breaker.is_open

    async def publish(self, record: StripeRecord) -> None:
        """As Publisher says."""
        try:
            await self.offer(record)
        except TimeoutError:
            raise NotPublished(f"{_named(record)} was not acknowledged in time") from None

    def offer(self, record: StripeRecord) -> "asyncio.Future[None]":
        """As Publisher says."""
        key, value = key_of(record), _encoded(record)
        size = len(value)
        self._admit(record, size)
        message = Message(key, value, headers_of(record), self._deadlines.future())
        self._waiting += 1
        self._waiting_bytes += size
        message.acknowledged.add_done_callback(partial(self._ended, size))
        self._lanes[partition_of(key, len(self._lanes))].add(message)
        return message.acknowledged

    def _ended(self, size: int, acknowledged: "asyncio.Future[None]") -> None:
        self._waiting -= 1
        self._waiting_bytes -= size
        if not acknowledged.cancelled() and isinstance(acknowledged.exception(), TimeoutError):
            self._late()

    def _admit(self, record: StripeRecord, size: int) -> None:
        if size > MOST_VALUE_BYTES:
            raise RecordTooLarge(f"{_named(record)} has {size} bytes, and the topic takes {MOST_VALUE_BYTES}")
        full = self._waiting >= self._limits.most_waiting
        if full or self._waiting_bytes + size > self._limits.most_waiting_bytes:
            raise NotPublished("too many records wait for the broker")
        if not self._breaker.permits(self._loop.time()):
            raise NotPublished("the broker does not acknowledge records")

    def _late(self) -> None:
        if self._breaker.failed(self._loop.time()):
            metrics.BROKER_REACHABLE.set(0)
            log.warning("broker_does_not_acknowledge", hint="webhooks get 503 until it does; Stripe sends them again")

    def _in_time(self) -> None:
        if self._breaker.acknowledged():
            log.info("broker_acknowledges_again")
        metrics.BROKER_REACHABLE.set(1)

    async def _deliver(self, partition: int, messages: Sequence[Message]) -> int:
        """Send as many messages as fit into one batch; their count, once they are acknowledged."""
        for _ in range(self._limits.tries):
            producer = await self._current()
            try:
                count = await _send_batch(producer, messages, partition)
            except KafkaError as error:
                self._replace(producer, error)
            else:
                self._in_time()
                return count
        raise NotPublished("the broker refused the batch")

    async def _current(self) -> AIOKafkaProducer:
        while self._producer is None and not self._is_closed:
            await self._renewed.wait()
        if self._producer is None:
            raise NotPublished("the publisher is closed")
        return self._producer

    def _replace(self, failed: AIOKafkaProducer, error: KafkaError) -> None:
        if self._producer is failed and not self._is_closed:
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
        """Let what is with the broker be acknowledged, up to the farewell deadline. Nobody may publish meanwhile."""
        self._is_closed = True
        self._renewed.set()
        if self._renewal is not None:
            self._renewal.cancel()
        if self._producer is not None:
            await abandon(self._producer, self._limits.farewell_seconds)


async def _send_batch(producer: AIOKafkaProducer, messages: Sequence[Message], partition: int) -> int:
    batch = producer.create_batch()
    count = 0
    for each in messages:
        if batch.append(timestamp=None, key=each.key, value=each.value, headers=each.headers) is None:
            break
        count += 1
    await (await producer.send_batch(batch, STRIPE_EVENTS.name, partition=partition))
    return count


@asynccontextmanager
async def kafka_publisher(
    bootstrap: str, partitions: int, limits: PublishLimits = PublishLimits()
) -> AsyncIterator[KafkaPublisher]:
    """A publisher on the cluster at `bootstrap` while the block runs; `stripe.events` has that many partitions."""
    requests = ProducerLimits(request_seconds=limits.acknowledged_seconds)
    async with asyncio.TaskGroup() as tasks:  # an error that nobody expected ends the service, not just a task
        publisher = KafkaPublisher(lambda: new_producer(bootstrap, requests), partitions, tasks, limits)
        publisher.start()
        try:
            yield publisher
        finally:
            await publisher.close()


def _encoded(record: StripeRecord) -> bytes:
    """The record; of a subscription that does not fit into the topic the first items, and that there are more."""
    value = encode(record)
    cut = cut_short(record) if len(value) > MOST_VALUE_BYTES else None
    if cut is None:
        return value
    log.warning("record_cut", project=record.project, customer=record.customer, type=record.type, bytes=len(value))
    return encode(cut)


def _named(record: StripeRecord) -> str:
    return f"{record.event_id or record.type} of project {record.project}"
