"""A producer and streams that behave as aiokafka's and Faust's do, in memory."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from aiokafka import ConsumerRecord
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.types import TP


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as it reached the fake broker."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass
class FakeProducer:
    """Packs with aiokafka's real batches, and acknowledges what it is sent unless told to refuse."""

    partitions: dict[str, int] = field(default_factory=dict)
    batch_bytes: int = 1 << 20
    sent: list[Sent] = field(default_factory=list)
    ends: defaultdict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    refuse: Exception | None = None
    kept_in_mind: set[str] = field(default_factory=set)

    @property
    def client(self) -> SimpleNamespace:
        return SimpleNamespace(add_topic=self.kept_in_mind.add)

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.batch_bytes, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[object]":
        acknowledged: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.refuse is not None:
            acknowledged.set_exception(self.refuse)
            return acknowledged
        offset, count = self.ends[topic, partition], batch.record_count()
        self.ends[topic, partition] += count
        for record in MemoryRecords(bytes(batch._build())).next_batch():
            self.sent.append(Sent(topic, partition, record.key, record.value, tuple(record.headers)))
        acknowledged.set_result(SimpleNamespace(offset=offset))
        return acknowledged

    async def flush(self) -> None:
        """Everything is acknowledged at once here."""

    async def partitions_for(self, topic: str) -> set[int]:
        if topic not in self.partitions:
            await asyncio.Event().wait()  # as aiokafka: for ever
        return set(range(self.partitions[topic]))

    def _ensure_producer(self) -> "FakeProducer":
        return self


def record(offset: int, key: bytes = b"k", value: bytes | None = b"v", partition: int = 0) -> ConsumerRecord:
    """A fetched record of the topic `in`."""
    return ConsumerRecord("in", partition, offset, 0, 0, key, value, None, len(key), len(value or b""), ())


@dataclass
class FakeEvent:
    """A batch as Faust hands it on."""

    value: Sequence[ConsumerRecord]
    partition: int = 0

    @property
    def message(self) -> SimpleNamespace:
        offset = self.value[-1].offset
        tp = TP("in", self.partition)
        return SimpleNamespace(partition=self.partition, value=self.value, tp=tp, offset=offset)


@dataclass
class FakeStream:
    """A Faust stream: `put` events, see what was acknowledged."""

    acked: list[FakeEvent] = field(default_factory=list)
    queue: "asyncio.Queue[FakeEvent]" = field(default_factory=asyncio.Queue)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def put(self, *offsets: int, partition: int = 0) -> FakeEvent:
        event = FakeEvent([record(offset, partition=partition) for offset in offsets], partition)
        self.queue.put_nowait(event)
        return event

    def noack(self) -> "FakeStream":
        return self

    async def events(self) -> AsyncIterator[FakeEvent]:
        while True:
            yield await self.queue.get()

    async def ack(self, event: FakeEvent) -> None:
        async with self.news:
            self.acked.append(event)
            self.news.notify_all()

    async def wait_acked(self, events: Sequence[FakeEvent]) -> None:
        """Wait until all of these are acknowledged."""
        async with self.news:
            await self.news.wait_for(lambda: all(event in self.acked for event in events))
