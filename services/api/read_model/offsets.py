"""How far the read model has come: in the same transaction as the rows, so that the two can't disagree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.api.database import Connection

Partition = tuple[str, int]

ADD_MISSING = """
INSERT INTO read_model_offsets (topic, partition, next_offset)
SELECT topic, partition, 0 FROM unnest($1::text[], $2::int[]) AS t (topic, partition)
ON CONFLICT DO NOTHING
"""
STORED = "SELECT topic, partition, next_offset FROM read_model_offsets"
MOVE = """
UPDATE read_model_offsets AS held SET next_offset = t.reached
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS t (topic, partition, expected, reached)
WHERE (held.topic, held.partition, held.next_offset) = (t.topic, t.partition, t.expected)
RETURNING true
"""
ADVANCE = f"WITH moved AS ({MOVE}) SELECT count(*) FROM moved"  # noqa: S608 – a constant
STORE_STANDING = """
INSERT INTO read_model_state AS held (as_of, seen_at, lag) VALUES ($1, now(), $2)
ON CONFLICT (only_row) DO UPDATE SET as_of = greatest(held.as_of, excluded.as_of), seen_at = now(), lag = excluded.lag
"""


class OffsetsMoved(RuntimeError):
    """Another process has applied these records meanwhile: read the offsets again and go on from there."""


@dataclass(frozen=True, slots=True)
class Move:
    """One partition's step: `expected` is where this process believes the read model to be."""

    partition: Partition
    expected: int
    reached: int


@dataclass(frozen=True, slots=True)
class Standing:
    """`as_of`: the instant up to which all that was on the topics is applied (None: nothing new is known about it).
    `lag`: records still to apply."""

    as_of: datetime | None
    lag: int


async def stored(connection: Connection, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """The next offset of each partition; 0 for one that is new."""
    await connection.execute(ADD_MISSING, [topic for topic, _ in partitions], [number for _, number in partitions])
    known = await _all(connection)
    return {partition: known[partition] for partition in partitions}


async def advance(connection: Connection, moves: Sequence[Move]) -> None:
    """Store how far the batch came. Raises OffsetsMoved, and then the transaction must not be committed."""
    require_all(await connection.fetchval(ADVANCE, *columns(moves)), moves)


def columns(moves: Sequence[Move]) -> list[list[object]]:
    """The parameters of MOVE."""
    return [
        [move.partition[0] for move in moves],
        [move.partition[1] for move in moves],
        [move.expected for move in moves],
        [move.reached for move in moves],
    ]


def require_all(moved: int, moves: Sequence[Move]) -> None:
    """Raises OffsetsMoved unless every step was made."""
    if moved != len(moves):
        raise OffsetsMoved(f"{len(moves) - moved} of {len(moves)} partitions are not where this process left them")


async def require(connection: Connection, expected: Mapping[Partition, int]) -> None:
    """Raises OffsetsMoved unless the read model is where this process left it: it may be being rebuilt."""
    held = await _all(connection)
    moved = [partition for partition, offset in expected.items() if held.get(partition) != offset]
    if moved:
        raise OffsetsMoved(f"{len(moved)} partitions are not where this process left them")


async def _all(connection: Connection) -> dict[Partition, int]:
    return {(row["topic"], row["partition"]): row["next_offset"] for row in await connection.fetch(STORED)}


async def store(connection: Connection, standing: Standing) -> None:
    """Tell every process how fresh the read model is."""
    await connection.execute(STORE_STANDING, standing.as_of, standing.lag)
