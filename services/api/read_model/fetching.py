"""Records as they come from Kafka, from the offsets that PostgreSQL knows."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.runtime.kafka import part_with
from libs.wire.topics import MAX_RECORD_BYTES
from services.api.read_model.offsets import Partition
from services.api.read_model.projection import Delivered

POLL_MS = 200
# While the broker holds a fetch back for want of news, partitions just emptied are not asked: keep that short.
FETCH_WAIT_MS = 40
MOST_RECORDS = 2000
# What has come since the fetch that a batch began with is an answer of the broker away.
GATHER_MS = 10

Fetched = Mapping[Partition, Sequence[Delivered]]


class Fetching:
    """A consumer without a group: the offsets are PostgreSQL's. It knows the broker's last answer for each partition,
    as `Progress` asks for it."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def next(self) -> Fetched:
        """What comes next, as soon as there is something; empty after a while without."""
        return await self._polled(POLL_MS, MOST_RECORDS)

    async def gathered(self, rest_seconds: float) -> Fetched:
        """The same, but what comes while `rest_seconds` pass is taken together: each batch has its fixed price."""
        first = await self.next()
        if not first:
            return first
        await asyncio.sleep(rest_seconds)
        room = MOST_RECORDS - count(first)
        return joined(first, await self._polled(GATHER_MS, room)) if room > 0 else first

    def end_offset(self, partition: Partition) -> int | None:
        end: int | None = self._consumer.highwater(TopicPartition(*partition))
        return end

    def asked_at(self, partition: Partition) -> int:
        asked: int | None = self._consumer.last_poll_timestamp(TopicPartition(*partition))
        return asked or 0

    async def _polled(self, milliseconds: int, most: int) -> Fetched:
        polled = await self._consumer.getmany(timeout_ms=milliseconds, max_records=most)
        return {(tp.topic, tp.partition): _delivered(records) for tp, records in polled.items()}


@asynccontextmanager
async def fetching(bootstrap: str, starting: Mapping[Partition, int]) -> AsyncIterator[Fetching]:
    """Read these partitions from these offsets. A topic made anew, or cut by retention, is read from its start."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
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
        yield Fetching(consumer)
    finally:
        await part_with(consumer)


def joined(first: Fetched, later: Fetched) -> Fetched:
    """Both, each partition's records in their order."""
    return {place: [*first.get(place, ()), *later.get(place, ())] for place in {**first, **later}}


def count(fetched: Fetched) -> int:
    """How many records these are."""
    return sum(map(len, fetched.values()))


def _delivered(records: Sequence[object]) -> list[Delivered]:
    return [
        Delivered(it.topic, it.partition, it.offset, it.timestamp, it.key, it.value, tuple(it.headers))  # type: ignore[attr-defined]  # aiokafka has no types
        for it in records
    ]
