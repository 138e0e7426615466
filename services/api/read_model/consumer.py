"""The read model's consumer: reads the topics from the stored offsets and applies what comes, as it comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Counter, Gauge, Histogram

from libs.runtime.kafka import abandon, new_producer
from libs.runtime.metrics import LATENCY_BUCKETS
from libs.runtime.postgres import UNREACHABLE
from libs.wire.topics import CHURN_SIGNALS, MAX_RECORD_BYTES
from services.api.database import Connection
from services.api.read_model import offsets
from services.api.read_model.applying import PROJECTIONS, REFUSED, Batch, apply, read_batch, without_refused
from services.api.read_model.dead_letters import DeadLetterBox
from services.api.read_model.leadership import leadership, pause
from services.api.read_model.offsets import OffsetsMoved, Partition
from services.api.read_model.progress import Progress
from services.api.read_model.projection import Delivered

POLL_MS = 200
# While the broker holds a fetch back for want of news, partitions just emptied are not asked: keep that short.
FETCH_WAIT_MS = 40
MOST_RECORDS = 2000
TELL_STANDING_SECONDS = 1.0
RETRY_SECONDS = 1.0

Fetched = Mapping[Partition, Sequence[Delivered]]
log = structlog.get_logger(__name__)
applied = Counter("revstream_api_records_applied", "Records applied to the read model", ["topic"])
lag_gauge = Gauge("revstream_api_read_model_lag", "Records on the topics that the read model does not hold yet")
batch_seconds = Histogram("revstream_api_batch_seconds", "Time to apply one batch", buckets=LATENCY_BUCKETS)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the records come from and where the rows go."""

    bootstrap: str
    database_url: str
    partitions: int

    def assigned(self) -> list[Partition]:
        """Every partition of every topic that has a projection."""
        return [(projection.topic.name, number) for projection in PROJECTIONS for number in range(self.partitions)]


async def follow(source: Source, stop: asyncio.Event) -> None:
    """Keep the read model at the topics' heads until asked to stop; waits while another process does it.

    Kafka or PostgreSQL away: tries again. Raises TooManyDeadLetters, and whatever is a bug.
    """
    while not stop.is_set():
        try:
            async with leadership(source.database_url, stop) as connection:
                if connection is not None:
                    log.info("read_model_leads")
                    await _lead(source, connection, stop)
        except (*UNREACHABLE, KafkaError, OffsetsMoved) as error:
            log.warning("read_model_interrupted", reason=repr(error), retry_seconds=RETRY_SECONDS)
            await pause(stop, RETRY_SECONDS)


async def _lead(source: Source, connection: Connection, stop: asyncio.Event) -> None:
    starting = await offsets.stored(connection, source.assigned())
    async with _consumer(source, starting) as consumer, _box(source) as box:
        progress = Progress(starting, _ConsumerHeads(consumer))
        applier = _Applier(connection, box, progress)
        while not stop.is_set():
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            await applier.take({(tp.topic, tp.partition): _delivered(records) for tp, records in fetched.items()})


def by_urgency(fetched: Fetched) -> list[Fetched]:
    """Signals first, in a transaction of their own: people wait for them, the figures may follow a moment later."""
    urgent = {partition: records for partition, records in fetched.items() if partition[0] == CHURN_SIGNALS.name}
    others = {partition: records for partition, records in fetched.items() if partition not in urgent}
    return [part for part in (urgent, others) if part]


class _Applier:
    """Applies what was fetched; between batches tells once a second that the read model is up to date."""

    def __init__(self, connection: Connection, box: DeadLetterBox, progress: Progress) -> None:
        self._connection = connection
        self._box = box
        self._progress = progress
        self._told_at = float("-inf")

    async def take(self, fetched: Fetched) -> None:
        now = asyncio.get_running_loop().time()
        if fetched:
            for part in by_urgency(fetched):
                with batch_seconds.time():
                    await self._apply(part)
        elif now - self._told_at > TELL_STANDING_SECONDS:
            await self._tell()
        else:
            return
        self._told_at = now

    async def _apply(self, fetched: Fetched) -> None:
        moves = self._progress.moves(fetched)
        self._progress.take(fetched)
        standing = self._progress.standing()
        batch = read_batch(record for records in fetched.values() for record in records)
        await self._box.send(batch.letters, batch.good)
        try:
            await apply(self._connection, batch, moves, standing)
        except REFUSED:
            smaller = await without_refused(self._connection, batch)
            await self._box.send(smaller.letters[len(batch.letters) :], smaller.good)
            await apply(self._connection, smaller, moves, standing)
        _count(batch, standing)

    async def _tell(self) -> None:
        await offsets.require(self._connection, self._progress.offsets)
        standing = self._progress.standing()
        if standing is not None:
            await offsets.store(self._connection, standing)
            lag_gauge.set(standing.lag)


class _ConsumerHeads:
    """What aiokafka remembers of the broker's last answer for each partition."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    def end_offset(self, partition: Partition) -> int | None:
        end: int | None = self._consumer.highwater(TopicPartition(*partition))
        return end

    def asked_at(self, partition: Partition) -> int:
        asked: int | None = self._consumer.last_poll_timestamp(TopicPartition(*partition))
        return asked or 0


@asynccontextmanager
async def _consumer(source: Source, starting: Mapping[Partition, int]) -> AsyncIterator[AIOKafkaConsumer]:
    """Without a group: the offsets are PostgreSQL's. A topic made anew, or cut by retention, is read from its start."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=source.bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
    try:
        await consumer.start()
        consumer.assign([TopicPartition(*partition) for partition in starting])
        for partition, offset in starting.items():
            consumer.seek(TopicPartition(*partition), offset)
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _box(source: Source) -> AsyncIterator[DeadLetterBox]:
    producer = new_producer(source.bootstrap)
    try:
        await producer.start()
        yield DeadLetterBox(producer)
    finally:
        await abandon(producer, 2.0)


def _delivered(records: Sequence[object]) -> list[Delivered]:
    return [
        Delivered(it.topic, it.partition, it.offset, it.timestamp, it.key, it.value, tuple(it.headers))  # type: ignore[attr-defined]  # aiokafka has no types
        for it in records
    ]


def _count(batch: Batch, standing: offsets.Standing | None) -> None:
    for topic, rows in batch.rows.items():
        applied.labels(topic).inc(len(rows))
    if standing is not None:
        lag_gauge.set(standing.lag)
