"""Reading from one offset to another, and then being done: what people look at, count or send again."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from libs.runtime.kafka import new_consumer, part_with
from libs.wire.dead_letters import Origin, Raw

REQUEST_MS = 10_000
POLL_MS = 300
EPOCH = datetime.fromtimestamp(0, UTC)
NO_ERROR = 0


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets from `first` up to, not including, `end` of one partition."""

    first: int
    end: int

    def holds(self, offset: int) -> bool:
        """Whether the offset is in it."""
        return self.first <= offset < self.end


Spans = Mapping[TopicPartition, Span]


@dataclass(frozen=True, slots=True)
class Times:
    """From when to when the broker took the records; None: from the beginning, up to now."""

    since: datetime | None = None
    until: datetime | None = None


@asynccontextmanager
async def reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group and no topic yet. Raises KafkaError."""
    consumer = new_consumer(bootstrap)
    try:
        await consumer.start()
        yield consumer
    finally:
        await part_with(consumer)


async def partition_counts(bootstrap: str, topics: Collection[str]) -> dict[str, int]:
    """How many partitions each of the topics has that exist. Raises KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        there = sorted(set(topics) & set(await admin.list_topics()))
        found = await admin.describe_topics(there) if there else []
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in found if topic["error_code"] == NO_ERROR}


async def spans(consumer: AIOKafkaConsumer, counts: Mapping[str, int], times: Times = Times()) -> Spans:
    """What these topics hold now, as far as it was taken within the times; partitions that hold none are left out."""
    partitions = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    if not partitions:
        return {}
    starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    firsts = await _offsets_at(consumer, partitions, times.since, starts, ends)
    lasts = await _offsets_at(consumer, partitions, times.until, ends, ends)
    found = {each: Span(max(firsts[each], starts[each]), min(lasts[each], ends[each])) for each in partitions}
    return {each: span for each, span in found.items() if span.first < span.end}


async def _offsets_at(
    consumer: AIOKafkaConsumer,
    partitions: Collection[TopicPartition],
    at: datetime | None,
    unasked: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> Mapping[TopicPartition, int]:
    """The first offset that was taken at that time or later; the end where there is none, `unasked` without a time."""
    if at is None:
        return unasked
    millis = (at - EPOCH) // timedelta(milliseconds=1)
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, millis))
    return {each: ends[each] if found[each] is None else found[each].offset for each in partitions}


async def records(consumer: AIOKafkaConsumer, wanted: Spans) -> AsyncIterator[ConsumerRecord]:
    """Every record of the spans, each partition's in its order. Ends when all were read, holes of compaction or not."""
    async for found, _missing in batches(consumer, wanted):
        for record in found:
            yield record


async def batches(
    consumer: AIOKafkaConsumer, wanted: Spans, most: int | None = None
) -> AsyncIterator[tuple[list[ConsumerRecord], int]]:
    """The same, so many at a time, and beside each how many offsets are still to be read."""
    left = {partition for partition, span in wanted.items() if span.first < span.end}
    consumer.assign(list(left))
    for partition in left:
        consumer.seek(partition, wanted[partition].first)
    while left:
        fetched = await consumer.getmany(*left, timeout_ms=POLL_MS, max_records=most)
        found = [each for place, many in fetched.items() for each in many if wanted[place].holds(each.offset)]
        missing = {place: wanted[place].end - await consumer.position(place) for place in left}
        yield found, sum(count for count in missing.values() if count > 0)
        done = {place for place, count in missing.items() if count <= 0}
        consumer.pause(*done)
        left -= done


def raw(record: ConsumerRecord) -> Raw:
    """The record without aiokafka's type."""
    place = Origin(record.topic, record.partition, record.offset)
    at = EPOCH + timedelta(milliseconds=record.timestamp)
    return Raw(place, at, record.key, record.value, tuple(record.headers))
