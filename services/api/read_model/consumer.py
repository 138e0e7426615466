"""The read model's consumer: reads the topics from the stored offsets and applies what comes, as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.runtime.kafka import abandon, new_producer
from libs.runtime.postgres import UNREACHABLE
from libs.wire.topics import CHURN_SIGNALS
from services.api.database import Connection
from services.api.read_model import offsets
from services.api.read_model.applying import PROJECTIONS
from services.api.read_model.dead_letters import DeadLetterBox
from services.api.read_model.fetching import fetching
from services.api.read_model.follower import Line, Steady, follow_urgent
from services.api.read_model.leadership import beside, leadership, pause
from services.api.read_model.offsets import OffsetsMoved, Partition
from services.api.read_model.progress import Progress
from services.api.read_model.signal_batch import apply_signals
from services.api.read_model.statistics import keep_statistics
from services.api.stream.log import Logged

RETRY_SECONDS = 1.0
LEAVE_SECONDS = 5.0

Offsets = Mapping[Partition, int]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the records come from and where the rows go. `told` hears what was logged for the live stream."""

    bootstrap: str
    database_url: str
    partitions: int
    told: Callable[[Sequence[Logged]], None]

    def assigned(self) -> list[Partition]:
        """Every partition of every topic that has a projection."""
        return [(projection.topic.name, number) for projection in PROJECTIONS for number in range(self.partitions)]


async def follow(source: Source, stop: asyncio.Event) -> None:
    """Keep the read model at the topics' heads until asked to stop; waits while another process does it.

    Kafka or PostgreSQL away, or one of two writers in each other's way given up for the other: tries again. Raises
    TooManyDeadLetters, and whatever is a bug.
    """
    while not stop.is_set():
        try:
            async with leadership(source.database_url, stop) as connection:
                if connection is not None:
                    log.info("read_model_leads")
                    await _lead(source, connection, stop)
        except (*UNREACHABLE, asyncpg.TransactionRollbackError, KafkaError, OffsetsMoved) as error:
            log.warning("read_model_interrupted", reason=repr(error), retry_seconds=RETRY_SECONDS)
            await pause(stop, RETRY_SECONDS)


async def _lead(source: Source, connection: Connection, stop: asyncio.Event) -> None:
    """Signals have a consumer and a connection of their own: who waits for one does not wait for the figures."""
    urgent, others = by_urgency(await offsets.stored(connection, source.assigned()))
    async with (
        beside(source.database_url) as second,
        beside(source.database_url) as third,
        _producer(source) as producer,
        fetching(source.bootstrap, urgent) as signals,
        fetching(source.bootstrap, others) as figures,
    ):
        progress = Progress(urgent, signals)
        first = Line(signals, second, DeadLetterBox(producer), progress, source.told, apply_signals)
        rest = Line(figures, connection, DeadLetterBox(producer), Progress(others, figures), source.told)
        await _together(
            follow_urgent(first, stop),
            Steady(rest, first.progress.standing).follow(stop),
            keep_statistics(third, stop),
        )


def by_urgency(starting: Offsets) -> tuple[Offsets, Offsets]:
    """The partitions of signals, and all others."""
    urgent = {partition: offset for partition, offset in starting.items() if partition[0] == CHURN_SIGNALS.name}
    return urgent, {partition: offset for partition, offset in starting.items() if partition not in urgent}


async def _together(*work: Coroutine[object, object, None]) -> None:
    """Do all of it; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=LEAVE_SECONDS)  # one that does not end breaks with its connections


@asynccontextmanager
async def _producer(source: Source) -> AsyncIterator[AIOKafkaProducer]:
    producer = new_producer(source.bootstrap)
    try:
        await producer.start()
        yield producer
    finally:
        await abandon(producer, 2.0)
