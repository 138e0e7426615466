"""How fast something outside may be read: never more than the allowed number of reads arrive there in any one second.

A read takes a slot and holds it until its answer has come; a second later the slot serves the next. So however long
reads are under way and whatever processes stall, no second holds more arrivals than there are slots.
"""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from libs.runtime.held_slots import HeldSlot, HeldSlots, SlotStore
from libs.runtime.read_slots import Pause, SlotsUnavailable, Terms

WHOLE = ""
LEASE_SECONDS = 2.0
# An answer may be long in coming; that its call arrived within this time is taken for granted. A receiver that stalls
# takes calls in late and all at once, so this is long; few are under way at a time, which makes it cheap.
ARRIVED_SECONDS = 1.0
LOOK_SECONDS = 0.1
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 20.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pacing:
    """`slots` reads for each `cycle_seconds`; a process holds a slot for `lease_seconds` without asking again."""

    slots: int
    cycle_seconds: float
    lease_seconds: float = LEASE_SECONDS

    @classmethod
    def of(cls, per_second: float) -> "Pacing":
        """The most that never exceeds the rate: parts of a read are not made."""
        return cls(max(1, math.floor(per_second)), max(1.0, 1.0 / per_second))

    @property
    def between_seconds(self) -> float:
        """Reads of one process are kept apart a little, so that few are under way when the key turns out refused."""
        return self.cycle_seconds / self.slots / 2

    @property
    def terms(self) -> Terms:
        """The terms of a lease. A process that dies may have used its slot up to the end of it."""
        return Terms(self.slots, self.lease_seconds, self.lease_seconds + ARRIVED_SECONDS + self.cycle_seconds)


class ReadBudget:
    """The reads of one account by this process."""

    def __init__(self, store: SlotStore, pacing: Pacing, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._pacing = pacing
        self._clock = clock
        self._held = HeldSlots(store, pacing.terms, clock)
        self._pauses: dict[str, float] = {}
        self._turns = asyncio.Lock()
        self._next = float("-inf")

    @asynccontextmanager
    async def call(self, resource: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it while the block, one read of `resource`, runs."""
        slot = await self._slot(resource)
        sent = self._clock()
        try:
            yield
        finally:
            arrived = min(self._clock(), sent + ARRIVED_SECONDS)
            self._held.free(slot, arrived + self._pacing.cycle_seconds)

    async def limited(self, resource: str, reason: str) -> None:
        """Whoever is read has said that it is too much: leave the resource alone for a while, in all processes.

        `resource` "" is all of them.
        """
        pause = Pause(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, random.uniform(0.5, 1.5))  # noqa: S311 – no secret
        try:
            seconds = await self._store.pause(resource, reason, pause)
        except SlotsUnavailable:
            seconds = pause.first_seconds * pause.jitter
        self._pause(resource, seconds)
        log.info("reads_paused", resource=resource or "all", reason=reason, seconds=round(seconds, 2))

    def _pause(self, resource: str, seconds: float) -> None:
        self._pauses[resource] = max(self._pauses.get(resource, 0.0), self._clock() + seconds)

    def _paused_until(self, resource: str) -> float:
        return max(self._pauses.get(each, float("-inf")) for each in (WHOLE, resource))

    async def _slot(self, resource: str) -> HeldSlot:
        while True:
            await self._sleep_until(self._paused_until(resource))
            async with self._turns:
                slot = await self._next_slot(resource)
            if slot is not None:
                return slot

    async def _next_slot(self, resource: str) -> HeldSlot | None:
        """The slot whose turn it is, as soon as it may be used; None where a pause has come between."""
        while self._paused_until(resource) <= self._clock():
            slot = self._held.soonest()
            if slot is None or slot.usable_at > self._clock():
                for paused, seconds in (await self._held.exchange()).items():
                    self._pause(paused, seconds)
                slot = self._held.soonest()
            usable_at = self._clock() + LOOK_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 – no secret
            if slot is not None:
                usable_at = max(slot.usable_at, self._next)
                if usable_at <= self._clock() and self._paused_until(resource) <= self._clock():
                    self._held.take(slot)
                    self._next = self._clock() + self._pacing.between_seconds
                    return slot
            # Not longer than a look: another slot may come free before.
            await self._sleep_until(min(usable_at, self._clock() + LOOK_SECONDS))
        return None

    async def _sleep_until(self, instant: float) -> None:
        await asyncio.sleep(max(0.0, instant - self._clock()))


class ReadBudgets:
    """The budgets of all accounts that this process reads, each made once."""

    def __init__(self, store_of: Callable[[str], SlotStore], per_second: float) -> None:
        self._store_of = store_of
        self._pacing = Pacing.of(per_second)
        self._budgets: dict[str, ReadBudget] = {}

    def of(self, name: str) -> ReadBudget:
        """The budget of that name."""
        return self._budgets.setdefault(name, ReadBudget(self._store_of(name), self._pacing))
