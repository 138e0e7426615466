"""Slots for reads of an account, leased from PostgreSQL: what all processes share has one owner.

Times that cross the border are seconds from now: the clocks of machines differ, their seconds don't.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from libs.runtime.postgres import UNREACHABLE

PATIENCE_SECONDS = 1.5
# What processes did on their own while PostgreSQL was away is over, before it hands out slots again.
AFTER_START = "interval '4 seconds'"
MAKE = """
INSERT INTO read_slots (budget, slot) SELECT $1, generate_series(0, $2::int - 1) ON CONFLICT DO NOTHING
"""
GIVE_BACK = """
UPDATE read_slots s
SET leased_until = clock_timestamp(), usable_at = clock_timestamp() + given.seconds * interval '1 second'
FROM unnest($2::int[], $3::timestamptz[], $4::float8[]) AS given (slot, leased_until, seconds)
WHERE s.budget = $1 AND s.slot = given.slot AND s.leased_until = given.leased_until
"""
# A lease that reaches further than any can is of a clock that was set back.
TAKE = f"""
WITH free AS (
    SELECT slot, greatest(usable_at, pg_postmaster_start_time() + {AFTER_START}) AS usable_at FROM read_slots
    WHERE budget = $1 AND slot < $2
      AND (leased_until <= clock_timestamp() OR leased_until > clock_timestamp() + $4 * interval '1 second')
    ORDER BY usable_at, slot LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE read_slots s
SET leased_until = clock_timestamp() + $4 * interval '1 second',
    usable_at = clock_timestamp() + $5 * interval '1 second'
FROM free WHERE s.budget = $1 AND s.slot = free.slot
RETURNING s.slot, s.leased_until,
    least(greatest(extract(epoch FROM free.usable_at - clock_timestamp()), 0), $5)::float8 AS usable_in
"""  # noqa: S608 – a constant of ours
PAUSES = """
SELECT resource, extract(epoch FROM until - clock_timestamp())::float8 AS seconds
FROM read_pauses WHERE budget = $1 AND until > clock_timestamp()
"""
# Within a pause, calls that were on their way are no news; one soon after it makes the next pause twice as long.
PAUSE = """
INSERT INTO read_pauses AS p (budget, resource, reason, strikes, until)
VALUES ($1, $2, $3, 1, clock_timestamp() + $4::float8 * $6::float8 * interval '1 second')
ON CONFLICT (budget, resource) DO UPDATE SET
    reason = excluded.reason,
    strikes = CASE WHEN p.until > clock_timestamp() THEN p.strikes
                   WHEN p.until > clock_timestamp() - $5::float8 * interval '1 second' THEN p.strikes + 1
                   ELSE 1 END,
    until = CASE WHEN p.until > clock_timestamp() THEN p.until
                 WHEN p.until > clock_timestamp() - $5::float8 * interval '1 second'
                 THEN clock_timestamp() + $6 * least($5::float8, $4::float8 * 2 ^ least(p.strikes, 16))
                                        * interval '1 second'
                 ELSE excluded.until END
RETURNING extract(epoch FROM until - clock_timestamp())::float8
"""


class SlotsUnavailable(ConnectionError):
    """PostgreSQL can't be asked for slots now."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A slot that is ours for a while. `usable_in`: seconds until it may be used, as others have used it before.

    `until`, by PostgreSQL's clock, names the lease: whose slot has been leased to somebody else can't give it back.
    """

    slot: int
    until: datetime
    usable_in: float


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What came of an exchange. `pauses`: seconds for which a resource ("" is all of them) is to be left alone."""

    leased: Sequence[Leased]
    pauses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Terms:
    """`slots` there are of a budget; a lease lasts `lease_seconds`, and one that nobody gave back is usable again
    `lost_seconds` after it was made."""

    slots: int
    lease_seconds: float
    lost_seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """The first pause lasts `first_seconds`, each that follows soon twice as long up to `longest_seconds`, all times
    `jitter`."""

    first_seconds: float
    longest_seconds: float
    jitter: float


class PostgresSlots:
    """The slots of one budget. Every method raises SlotsUnavailable."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", budget: str) -> None:
        self._pool = pool
        self._budget = budget
        self._made = 0

    async def exchange(self, given: Sequence[Leased], wanted: int, terms: Terms) -> Exchanged:
        """Give slots back, with the seconds until they may be used again, and lease up to `wanted` others."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._pool.acquire() as connection, connection.transaction():
                if self._made < terms.slots:
                    await connection.execute(MAKE, self._budget, terms.slots)
                if given:
                    await connection.execute(GIVE_BACK, self._budget, *_columns(given))
                rows = await connection.fetch(
                    TAKE, self._budget, terms.slots, wanted, terms.lease_seconds, terms.lost_seconds
                )
                pauses = await connection.fetch(PAUSES, self._budget)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            raise SlotsUnavailable(f"slots of {self._budget}: {error!r}") from error
        self._made = terms.slots
        leased = [Leased(row["slot"], row["leased_until"], row["usable_in"]) for row in rows]
        return Exchanged(leased, {row["resource"]: row["seconds"] for row in pauses})

    async def pause(self, resource: str, reason: str, pause: Pause) -> float:
        """Have all processes leave a resource alone; for how many seconds."""
        arguments = resource, reason, pause.first_seconds, pause.longest_seconds, pause.jitter
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._pool.acquire() as connection:
                seconds: float = await connection.fetchval(PAUSE, self._budget, *arguments)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            raise SlotsUnavailable(f"pause of {self._budget}: {error!r}") from error
        return seconds


def _columns(given: Sequence[Leased]) -> tuple[list[int], list[datetime], list[float]]:
    return [each.slot for each in given], [each.until for each in given], [each.usable_in for each in given]
