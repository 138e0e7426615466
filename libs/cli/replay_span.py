"""Records of a topic, sent to it again: who reads them folds them as before, so nothing is counted twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import AIOKafkaProducer

from libs.cli.dlq_marks import project_of
from libs.cli.servers import Owner
from libs.runtime.audit_log import COMMAND_LINE, Action, AuditEntry, audit
from libs.runtime.kafka import ProducerLimits, abandon, new_producer
from libs.runtime.postgres import EVERY_PROJECT
from libs.runtime.spans import Spans, Times, partition_counts, raw, reader, records, spans
from libs.wire.dead_letters import Origin, Raw
from libs.wire.topics import CONTRACT, Cleanup, Topic

HEADER = "replay_of"
STOP_SECONDS = 30.0
AT_ONCE = 1000
EVER = Times()
# Sent again, an old record of these would come to stand behind a newer one of its key, and compaction keep the old one.
REPLAYABLE = {topic.name: topic for topic in CONTRACT if topic.cleanup is Cleanup.DELETE}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: those of a topic, by when the broker took them, by project and by key."""

    topic: Topic
    times: Times = EVER
    project: str | None = None
    key: str | None = None

    def takes(self, record: Raw, held: Spans) -> bool:
        """Whether this one is to be sent. What is itself a replay of a record of the span would be sent twice."""
        if self.key is not None and record.key != self.key.encode():
            return False
        if self.project is not None and project_of(record.key) != self.project:
            return False
        return not _is_copy(record, held)


@dataclass(slots=True)
class Told:
    """What was found, and sent unless it was only asked."""

    by_project: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def records(self) -> int:
        """How many in all."""
        return self.by_project.total()

    def note(self, record: Raw) -> None:
        """Count one."""
        self.by_project[project_of(record.key)] += 1
        self.first_at = record.at if self.first_at is None else min(self.first_at, record.at)
        self.last_at = record.at if self.last_at is None else max(self.last_at, record.at)


def _is_copy(record: Raw, held: Spans) -> bool:
    """Whether the record is a replay of one that the spans hold."""
    for name, value in record.headers:
        if name == HEADER:
            origin = _origin(value)
            return origin is not None and any(
                (at.topic, at.partition) == (origin.topic, origin.partition) and span.holds(origin.offset)
                for at, span in held.items()
            )
    return False


def _origin(value: bytes) -> Origin | None:
    try:
        return Origin.parse(value.decode())
    except ValueError:  # not ours, whoever wrote it
        return None


def sent_as(record: Raw) -> list[tuple[str, bytes]]:
    """The headers to send a record with: its own, and of what it is a replay (of the original, if it was one)."""
    named = [(name, value) for name, value in record.headers if name == HEADER]
    own = [(name, value) for name, value in record.headers if name != HEADER]
    return own + (named[:1] or [(HEADER, str(record.place).encode())])


async def found(kafka: str, wanted: Wanted, seen: Callable[[Told], None]) -> Told:
    """What would be sent. Raises KafkaError."""
    told = Told()
    async for record in _chosen(kafka, wanted, told):
        told.note(record)
        if told.records % AT_ONCE == 0:
            seen(told)
    return told


async def replayed(kafka: str, connection: Owner, wanted: Wanted, seen: Callable[[Told], None]) -> Told:
    """Send the records again, each key's in their order; what was sent is noted in the audit log, if all or not.

    What comes meanwhile is not sent: the span ends where the topic ended at the start. Raises KafkaError.
    """
    told = Told()
    sent: list[asyncio.Future[object]] = []
    try:
        async with _sending(kafka) as producer:
            async for record in _chosen(kafka, wanted, told):
                partition = record.place.partition if record.key is None else None
                sent.append(
                    await producer.send(
                        wanted.topic.name, record.value, record.key, partition=partition, headers=sent_as(record)
                    )
                )
                told.note(record)
                if len(sent) == AT_ONCE:
                    await _acknowledged(sent)
                    seen(told)
            await _acknowledged(sent)
    finally:
        await _noted(connection, wanted, told)
    return told


async def _chosen(kafka: str, wanted: Wanted, told: Told) -> AsyncIterator[Raw]:
    counts = await partition_counts(kafka, [wanted.topic.name])
    async with reader(kafka) as consumer:
        held = await spans(consumer, counts, wanted.times)
        async for record in records(consumer, held):
            one = raw(record)
            if wanted.takes(one, held):
                yield one
            elif _is_copy(one, held):
                told.copies += 1


async def _acknowledged(sent: list[asyncio.Future[object]]) -> None:
    """Wait until the broker has all of them; the list is empty then. Raises KafkaError for one that it has not."""
    await asyncio.gather(*sent)
    sent.clear()


@asynccontextmanager
async def _sending(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = new_producer(kafka, ProducerLimits(linger_ms=5))
    try:
        await producer.start()
        yield producer
    finally:
        await abandon(producer, STOP_SECONDS)


async def _noted(connection: Owner, wanted: Wanted, told: Told) -> None:
    for project, count in sorted(told.by_project.items()):
        details: dict[str, object] = {"records": count, "since": wanted.times.since, "until": wanted.times.until}
        entry = AuditEntry(project, Action.TOPIC_REPLAYED, COMMAND_LINE, wanted.topic.name, details)
        async with connection.transaction():
            await connection.execute(EVERY_PROJECT)
            await audit(connection, entry)
