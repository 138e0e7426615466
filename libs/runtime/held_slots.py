"""The slots that a process holds for a while: leased from a store that all share, or its own while that is away."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from libs.runtime.read_slots import Exchanged, Leased, Pause, SlotsUnavailable, Terms

MOST_AT_ONCE = 8
SPARE_SECONDS = 0.05
# The part of the slots that a process takes for itself while the store is away: four processes may do so.
ALONE = 4
ALONE_SECONDS = 2.0
NO_PAUSES: Mapping[str, float] = {}
log = structlog.get_logger(__name__)


class SlotStore(Protocol):
    """Who hands out the slots of one budget. Every method raises SlotsUnavailable."""

    async def exchange(self, given: Sequence[Leased], wanted: int, terms: Terms) -> Exchanged:
        """Give slots back, with the seconds until they may be used again, and lease up to `wanted` others."""
        ...

    async def pause(self, resource: str, reason: str, pause: Pause) -> float:
        """Have all processes leave a resource alone; for how many seconds."""
        ...


class MemorySlots:
    """The slots of a process that shares with nobody; usable from an instant of `clock` on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, usable_from: float = float("-inf")) -> None:
        self._clock = clock
        self._usable_from = usable_from
        self._free: dict[int, float] | None = None

    async def exchange(self, given: Sequence[Leased], wanted: int, terms: Terms) -> Exchanged:
        """As SlotStore says; raises nothing."""
        now = self._clock()
        free = dict.fromkeys(range(terms.slots), self._usable_from) if self._free is None else self._free
        free |= {each.slot: now + each.usable_in for each in given}
        chosen = sorted(free, key=free.__getitem__)[:wanted]
        leased = [Leased(slot, datetime.now(UTC), max(0.0, free.pop(slot) - now)) for slot in chosen]
        self._free = free
        return Exchanged(leased, NO_PAUSES)

    async def pause(self, resource: str, reason: str, pause: Pause) -> float:  # noqa: ARG002 – nobody has to hear it
        """As SlotStore says; raises nothing."""
        return pause.first_seconds * pause.jitter


@dataclass(slots=True, eq=False)
class HeldSlot:
    """A slot while it is ours: usable from an instant of our clock on, up to another."""

    leased: Leased
    store: SlotStore
    usable_at: float
    until: float


class HeldSlots:
    """What one process holds of a budget's slots."""

    def __init__(self, store: SlotStore, terms: Terms, clock: Callable[[], float]) -> None:
        self._store = store
        self._terms = terms
        self._clock = clock
        self._free: list[HeldSlot] = []
        self._used: list[HeldSlot] = []
        self._under_way = 0
        self._wanted = 1
        self._exchanged_at = float("-inf")
        self._alone: MemorySlots | None = None
        self._ask_again_at = float("-inf")
        self._not_before = float("-inf")

    def soonest(self) -> HeldSlot | None:
        """The slot that can be used first. Those that can't be within their lease go back with the next exchange."""
        now = self._clock()
        for each in [each for each in self._free if max(each.usable_at, now) + SPARE_SECONDS >= each.until]:
            self._free.remove(each)
            self._used.append(each)
        return min(self._free, key=lambda each: each.usable_at, default=None)

    def take(self, slot: HeldSlot) -> None:
        """A read begins on this slot."""
        self._free.remove(slot)
        self._under_way += 1

    def free(self, slot: HeldSlot, usable_at: float) -> None:
        """The read on it is over; the next may begin at that instant."""
        self._under_way -= 1
        slot.usable_at = usable_at
        self._free.append(slot)

    async def exchange(self) -> Mapping[str, float]:
        """Give back what can't be used any more and lease more, the more the faster they are used up.

        The pauses that other processes were told to make.
        """
        lately = self._clock() - self._exchanged_at < self._terms.lease_seconds / 2
        self._wanted = min(MOST_AT_ONCE, self._wanted * 2) if lately else 1
        self._exchanged_at = self._clock()
        if self._alone is None or self._clock() >= self._ask_again_at:
            try:
                return await self._shared()
            except SlotsUnavailable as error:
                self._be_alone(error)
        assert self._alone is not None
        await self._leased(self._alone, replace(self._terms, slots=max(1, self._terms.slots // ALONE)))
        return NO_PAUSES

    async def _shared(self) -> Mapping[str, float]:
        pauses = await self._leased(self._store, self._terms)
        if self._alone is not None:
            log.info("read_slots_are_shared_again")
            self._used = [each for each in self._used if each.store is not self._alone]
            self._alone = None
        return pauses

    def _be_alone(self, error: SlotsUnavailable) -> None:
        now = self._clock()
        if self._alone is None:
            log.warning("read_slots_not_shared", reason=str(error), share=1 / ALONE)
            # What others and we leased last may be in use until then.
            self._alone = MemorySlots(self._clock, now + self._terms.lost_seconds)
        self._ask_again_at = now + ALONE_SECONDS

    async def _leased(self, store: SlotStore, terms: Terms) -> Mapping[str, float]:
        asked = self._clock()
        used = [each for each in self._used if each.store is store]
        given = [replace(each.leased, usable_in=max(0.0, each.usable_at - asked)) for each in used]
        wanted = max(0, min(self._wanted, terms.slots - len(self._free) - self._under_way))
        if not wanted and not given:
            return NO_PAUSES
        found = await store.exchange(given, wanted, terms)
        now = self._clock()
        if self._alone is not None and store is not self._alone:
            self._not_before = now + terms.lost_seconds  # what was used alone a moment ago counts as well
        for each in used:
            self._used.remove(each)
        for leased in found.leased:
            usable_at = max(now + leased.usable_in, self._not_before)
            self._free.append(HeldSlot(leased, store, usable_at, asked + terms.lease_seconds))
        return found.pauses
