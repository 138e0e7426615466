"""However many processes read and however long it takes: no second holds more arrivals than allowed."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deploy.migrations import upgrade
from libs.runtime.held_slots import MemorySlots, SlotStore
from libs.runtime.postgres import PoolLimits, pool
from libs.runtime.read_budget import Pacing, ReadBudget
from libs.runtime.read_slots import Exchanged, Leased, Pause, PostgresSlots, SlotsUnavailable, Terms

if TYPE_CHECKING:
    import asyncpg

    Pools = tuple[asyncpg.Pool[asyncpg.Record], asyncpg.Pool[asyncpg.Record]]

SECONDS = 2.2
MOST_OF_IT = 10  # of 20 a second: a busy machine takes its share; a slot that is never given back leaves much less


class Counter:
    """What is read: notes when calls arrive."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []

    async def answer(self, latency: float) -> None:
        await asyncio.sleep(latency * random.random())
        self.arrivals.append(time.monotonic())
        await asyncio.sleep(latency * random.random())

    def most_in_a_second(self, since: float = 0.0) -> int:
        """The most arrivals that any one second since then holds."""
        late = [each for each in self.arrivals if each >= since]
        return max(sum(begin <= each < begin + 1 for each in late) for begin in late)

    def per_second(self) -> float:
        return (len(self.arrivals) - 1) / (self.arrivals[-1] - self.arrivals[0])


async def read_for(seconds: float, budget: ReadBudget, counter: Counter, latency: float = 0.01) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        async with budget.call("subscriptions"):
            await counter.answer(latency)


async def every(*budgets: ReadBudget, counter: Counter, latency: float = 0.01, seconds: float = SECONDS) -> None:
    """Three callers for each budget."""
    await asyncio.gather(*(read_for(seconds, budget, counter, latency) for budget in budgets for _ in range(3)))


@pytest.fixture
async def pools(database: str) -> AsyncIterator["Pools"]:
    """Two processes' connections to one PostgreSQL, which has not started just now."""
    await upgrade(database)
    async with pool(database, "one", PoolLimits(most=3)) as one, pool(database, "two", PoolLimits(most=3)) as two:
        yield one, two


class Away:
    """A store that can be switched off."""

    def __init__(self, store: SlotStore) -> None:
        self.store = store
        self.is_away = False

    async def exchange(self, given: Sequence[Leased], wanted: int, terms: Terms) -> Exchanged:
        if self.is_away:
            raise SlotsUnavailable("switched off")
        return await self.store.exchange(given, wanted, terms)

    async def pause(self, resource: str, reason: str, pause: Pause) -> float:
        if self.is_away:
            raise SlotsUnavailable("switched off")
        return await self.store.pause(resource, reason, pause)


@pytest.mark.parametrize(("rate", "slots", "cycle"), [(20, 20, 1.0), (2.5, 2, 1.0), (0.5, 1, 2.0), (1, 1, 1.0)])
def test_a_rate_is_never_rounded_up(rate: float, slots: int, cycle: float) -> None:
    assert Pacing.of(rate) == Pacing(slots, cycle)


async def test_one_process_alone_uses_its_rate_and_never_more() -> None:
    counter = Counter()
    await every(ReadBudget(MemorySlots(), Pacing.of(20)), counter=counter)
    assert counter.most_in_a_second() <= 20
    assert counter.per_second() >= MOST_OF_IT


class Stalling(Counter):
    """Takes calls in only at the end of each 0.7 seconds, all that came meanwhile at once."""

    async def answer(self, latency: float) -> None:
        await asyncio.sleep(0.7 - time.monotonic() % 0.7)
        self.arrivals.append(time.monotonic())


async def test_a_receiver_that_stalls_is_not_sent_more_than_its_rate() -> None:
    counter, budget = Stalling(), ReadBudget(MemorySlots(), Pacing.of(20))
    await asyncio.gather(*(every(budget, counter=counter, seconds=3.0) for _ in range(5)))
    assert 10 <= counter.most_in_a_second() <= 20


async def test_calls_of_one_process_are_kept_apart() -> None:
    counter = Counter()
    await every(ReadBudget(MemorySlots(), Pacing.of(20)), counter=counter, latency=0.0, seconds=0.8)
    took = counter.arrivals[-1] - counter.arrivals[0]
    assert took >= 0.025 * (len(counter.arrivals) - 1) - 0.1  # one that a busy machine delays has the next close behind


async def test_two_processes_share_one_rate(pools: "Pools") -> None:
    counter = Counter()
    budgets = [ReadBudget(PostgresSlots(each, "acct_1/test"), Pacing.of(20)) for each in pools]
    async with budgets[0].call("account"):
        pass  # PostgreSQL may have started a moment ago
    await every(*budgets, counter=counter, latency=0.04)
    assert counter.most_in_a_second() <= 20
    assert counter.per_second() >= MOST_OF_IT


async def test_slots_of_a_process_that_died_come_back(pools: "Pools") -> None:
    counter, pacing = Counter(), replace(Pacing.of(4), lease_seconds=0.4)
    died, lives = (ReadBudget(PostgresSlots(each, "acct_1/test"), pacing) for each in pools)
    await every(died, counter=counter, seconds=0.5)
    await every(lives, counter=counter, seconds=3.6)
    assert counter.most_in_a_second() <= 4
    assert len([each for each in counter.arrivals if each > counter.arrivals[-1] - 1.2]) >= 3


async def test_accounts_do_not_share_a_rate(pools: "Pools") -> None:
    one, other = (PostgresSlots(pools[0], f"acct_{number}/test") for number in (1, 2))
    terms = Pacing.of(3).terms
    assert len((await one.exchange([], 9, terms)).leased) == 3
    assert len((await other.exchange([], 9, terms)).leased) == 3
    assert (await one.exchange([], 9, terms)).leased == []


async def test_a_slot_leased_to_another_can_not_be_given_back(pools: "Pools") -> None:
    slots, terms = PostgresSlots(pools[0], "acct_1/test"), Terms(1, 5.0, 5.0)
    (mine,) = (await slots.exchange([], 1, Terms(1, 0.01, 5.0))).leased
    await asyncio.sleep(0.02)
    (theirs,) = (await slots.exchange([], 1, terms)).leased
    assert theirs.slot == mine.slot
    assert (await slots.exchange([mine], 1, terms)).leased == []
    assert len((await slots.exchange([theirs], 1, terms)).leased) == 1


async def test_a_pause_holds_for_all_processes_and_grows(pools: "Pools") -> None:
    one, other = (PostgresSlots(each, "acct_1/test") for each in pools)
    pause = Pause(0.2, 60.0, 1.0)
    first = await one.pause("", "global-rate", pause)
    assert await other.pause("", "global-rate", pause) <= first  # of the same storm
    found = await other.exchange([], 1, Pacing.of(2).terms)
    assert 0 < found.pauses[""] <= 0.2
    await asyncio.sleep(0.25)
    assert 0.3 < await other.pause("", "global-rate", pause) <= 0.4


async def test_a_paused_resource_leaves_the_others_alone() -> None:
    budget = ReadBudget(MemorySlots(), Pacing.of(20))
    await budget.limited("subscriptions", "endpoint-rate")
    began = time.monotonic()
    async with budget.call("customers"):
        assert time.monotonic() - began < 0.4
    async with budget.call("subscriptions"):
        assert time.monotonic() - began > 0.4


async def test_without_the_store_a_part_is_used_and_the_rate_holds_when_it_returns() -> None:
    counter, store = Counter(), Away(MemorySlots())
    budget = ReadBudget(store, replace(Pacing.of(20), lease_seconds=0.4))
    await every(budget, counter=counter, seconds=0.3)
    store.is_away, went = True, time.monotonic()
    await every(budget, counter=counter, seconds=3.6)
    assert counter.most_in_a_second(since=went + 0.5) == 5
    store.is_away = False
    await every(budget, counter=counter, seconds=3.2)
    assert counter.most_in_a_second() <= 20
