"""One batch of records into the tables, with the offsets, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from libs.wire.codec import MalformedRecord
from services.api.database import Connection
from services.api.read_model import health, movements, offsets, shares, signals, stripe_events
from services.api.read_model.dead_letters import DeadLetter
from services.api.read_model.offsets import Move, Standing
from services.api.read_model.projection import Delivered, Projection
from services.api.stream.log import Logged

# In the order in which a batch is written. What changes clients and the totals of all comes last: signals, which people
# wait for, change those too, on a connection of their own, and wait until the transaction that did so before is over.
PROJECTIONS: tuple[Projection[Any], ...] = (
    stripe_events.PROJECTION,
    movements.PROJECTION,
    signals.PROJECTION,
    health.PROJECTION,
    shares.PROJECTION,
)
BY_TOPIC: Mapping[str, Projection[Any]] = {projection.topic.name: projection for projection in PROJECTIONS}

# What PostgreSQL refuses for the value's sake: U+0000, an id too long for an index, a number too large.
REFUSED = (asyncpg.DataError, asyncpg.ProgramLimitExceededError, asyncpg.IntegrityConstraintViolationError)


@dataclass(frozen=True, slots=True)
class Batch:
    """The readable rows by topic, each beside the record it came from, and the unreadable records."""

    rows: Mapping[str, Sequence[tuple[Delivered, Any]]]
    letters: Sequence[DeadLetter] = field(default_factory=list)

    @property
    def good(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


def read_batch(records: Iterable[Delivered]) -> Batch:
    """Read each record by its topic's projection."""
    rows: dict[str, list[tuple[Delivered, Any]]] = {}
    letters: list[DeadLetter] = []
    for delivered in records:
        try:
            row = BY_TOPIC[delivered.topic].read(delivered)
        except MalformedRecord as error:
            letters.append(DeadLetter(delivered, str(error)))
        else:
            rows.setdefault(delivered.topic, []).append((delivered, row))
    return Batch(rows, letters)


async def apply(connection: Connection, batch: Batch, moves: Sequence[Move], standing: Standing | None) -> list[Logged]:
    """Write the batch, move the offsets, tell the standing where it is known: all or nothing. Gives what was logged.

    Raises OffsetsMoved when another process was faster, one of REFUSED when a row must be singled out.
    """
    async with connection.transaction():
        rows_of = {topic: [row for _, row in batch.rows[topic]] for topic in BY_TOPIC if topic in batch.rows}
        for topic, rows in rows_of.items():
            await BY_TOPIC[topic].write(connection, rows)
        await offsets.advance(connection, moves)
        if standing is not None:
            await offsets.store(connection, standing)
        told = [
            await projection.tell(connection, rows)
            for topic, rows in rows_of.items()
            if (projection := BY_TOPIC[topic]).tell is not None
        ]
    return [logged for each in told for logged in each]


async def without_refused(connection: Connection, batch: Batch) -> Batch:
    """The batch without the rows that PostgreSQL refuses, which are letters now. Changes nothing."""
    kept: dict[str, list[tuple[Delivered, Any]]] = {}
    letters = list(batch.letters)
    for topic, rows in batch.rows.items():
        for delivered, row in rows:
            reason = await _refusal(connection, BY_TOPIC[topic], row)
            if reason is None:
                kept.setdefault(topic, []).append((delivered, row))
            else:
                letters.append(DeadLetter(delivered, reason))
    return Batch(kept, letters)


async def _refusal(connection: Connection, projection: Projection[Any], row: object) -> str | None:
    """Why PostgreSQL refuses the row; None if it takes it. Tried in a transaction that is taken back."""
    trial = connection.transaction()
    await trial.start()
    try:
        await projection.take(connection, [row])
    except REFUSED as error:
        return f"PostgreSQL refuses it: {error}"
    finally:
        await trial.rollback()
    return None
