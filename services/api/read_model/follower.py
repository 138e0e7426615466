"""One line of records into the read model: fetched, applied with their offsets, and so on, for ever."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
import structlog
from prometheus_client import Counter, Gauge, Histogram

from libs.runtime.metrics import LATENCY_BUCKETS
from services.api.database import Connection
from services.api.read_model import offsets
from services.api.read_model.applying import REFUSED, Batch, apply, read_batch, without_refused
from services.api.read_model.dead_letters import DeadLetterBox
from services.api.read_model.fetching import Fetched, Fetching, count
from services.api.read_model.offsets import Move, Standing
from services.api.read_model.progress import Progress
from services.api.stream.log import Logged

Write: TypeAlias = Callable[[Connection, Batch, Sequence[Move], Standing | None], Awaitable[list[Logged]]]
TELL_STANDING_SECONDS = 1.0
# After a batch it rests three times as long as that took, and this at most: what comes meanwhile shares the price of
# the next one, and the processor is for who brings the records, for signals and for who asks.
REST_SHARE = 3
MOST_REST_SECONDS = 0.06
BACKLOG = 500
# So often a batch is begun again before the whole read model is.
CALLED_OFF = 3

log = structlog.get_logger(__name__)
applied = Counter("revstream_api_records_applied", "Records applied to the read model", ["topic"])
lag_gauge = Gauge("revstream_api_read_model_lag", "Records on the topics that the read model does not hold yet")
batch_seconds = Histogram("revstream_api_batch_seconds", "Time to apply one batch", buckets=LATENCY_BUCKETS)


@dataclass(frozen=True, slots=True)
class Line:
    """Where a follower's records come from, the connection on which it writes them, and its letters. `told` hears what
    was logged, once that is committed. `write` does for its topics what `apply` does for all."""

    fetching: Fetching
    connection: Connection
    box: DeadLetterBox
    progress: Progress
    told: Callable[[Sequence[Logged]], None]
    write: Write = apply

    async def applied(self, fetched: Fetched, moves: list[Move], standing: Standing | None) -> None:
        """Write the batch, and send what is unreadable to the dead letters. Raises OffsetsMoved, TooManyDeadLetters."""
        with batch_seconds.time():
            batch = read_batch(record for records in fetched.values() for record in records)
            await self.box.send(batch.letters, batch.good)
            try:
                logged = await self._written(batch, moves, standing)
            except REFUSED:
                smaller = await without_refused(self.connection, batch)
                await self.box.send(smaller.letters[len(batch.letters) :], smaller.good)
                logged = await apply(self.connection, smaller, moves, standing)
        self.told(logged)
        _count(batch)

    async def _written(self, batch: Batch, moves: list[Move], standing: Standing | None) -> list[Logged]:
        """Of two lines in each other's way PostgreSQL calls one off: it does it again at once."""
        for _ in range(CALLED_OFF):
            try:
                return await self.write(self.connection, batch, moves, standing)
            except asyncpg.TransactionRollbackError as error:
                log.info("batch_called_off", reason=repr(error))
        return await self.write(self.connection, batch, moves, standing)


async def follow_urgent(line: Line, stop: asyncio.Event) -> None:
    """Apply each batch at once: people wait for these. How fresh the read model is tells the other follower, which
    must not count what is not committed yet."""
    while not stop.is_set():
        fetched = await line.fetching.next()
        if fetched:
            await line.applied(fetched, line.progress.moves(fetched), None)
            line.progress.take(fetched)


class Steady:
    """Applies what may follow a moment later, together; tells how fresh the read model is, once a second at least.
    `beside` is the standing of what others apply."""

    def __init__(self, line: Line, beside: Callable[[], Standing | None]) -> None:
        self._line = line
        self._beside = beside
        self._told_at = float("-inf")
        self._rested_at = float("-inf")

    async def follow(self, stop: asyncio.Event) -> None:
        """Until asked to stop."""
        now = asyncio.get_running_loop().time
        while not stop.is_set():
            fetched = await self._line.fetching.gathered(max(0.0, self._rested_at - now()))
            began = now()
            if fetched:
                await self._apply(fetched)
                rest = 0.0 if count(fetched) >= BACKLOG else min(REST_SHARE * (now() - began), MOST_REST_SECONDS)
                self._rested_at = now() + rest
            elif began - self._told_at > TELL_STANDING_SECONDS:
                await self._tell()
            else:
                continue
            self._told_at = began

    async def _apply(self, fetched: Fetched) -> None:
        progress = self._line.progress
        moves = progress.moves(fetched)
        progress.take(fetched)
        standing = self._standing()
        await self._line.applied(fetched, moves, standing)
        if standing is not None:
            lag_gauge.set(standing.lag)

    async def _tell(self) -> None:
        await offsets.require(self._line.connection, self._line.progress.offsets)
        standing = self._standing()
        if standing is not None:
            await offsets.store(self._line.connection, standing)
            lag_gauge.set(standing.lag)

    def _standing(self) -> Standing | None:
        return together(self._line.progress.standing(), self._beside())


def together(one: Standing | None, other: Standing | None) -> Standing | None:
    """How fresh all of it is: as old as the older, behind by both; None until both are known."""
    if one is None or other is None:
        return None
    instants = [standing.as_of for standing in (one, other) if standing.as_of is not None]
    return Standing(min(instants) if len(instants) == 2 else None, one.lag + other.lag)


def _count(batch: Batch) -> None:
    for topic, rows in batch.rows.items():
        applied.labels(topic).inc(len(rows))
