"""Rounds: one at a time, everything that waits in one, nothing after a failure, nothing while held."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from libs.runtime.faust_batch.rounds import Batches, RoundLimits, RoundOverdue, Rounds, RoundWork
from tests.runtime.faust_batch_fakes import FakeEvent, FakeStream
from tests.waiting import until


@dataclass
class Job:
    """Notes what rounds did; `gate` closed makes a round wait, `bug` makes it fail; if `unsafe`, settling waits for
    `safe`. Rounds make safe what earlier ones changed if `pays`."""

    rounds_seen: list[object] = field(default_factory=list)
    crashes: list[BaseException] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    bug: Exception | None = None
    running: int = 0
    unsafe: bool = False
    pays: bool = True
    safe: asyncio.Event = field(default_factory=asyncio.Event)

    async def records(self, batches: Batches) -> bool:
        await self._round({partition: [r.offset for r in records] for partition, records in batches.items()})
        return self.pays

    async def keys(self, keys: Sequence[bytes]) -> None:
        await self._round(list(keys))

    async def settle(self) -> None:
        if self.unsafe:
            await self.safe.wait()

    async def _round(self, seen: object) -> None:
        self.running += 1
        assert self.running == 1, "two rounds at once"
        self.began.set()
        await self.gate.wait()
        self.running -= 1
        if self.bug is not None:
            raise self.bug
        self.rounds_seen.append(seen)

    async def crash(self, error: BaseException) -> None:
        self.crashes.append(error)


@asynccontextmanager
async def running(job: Job, limits: RoundLimits | None = None) -> AsyncIterator[tuple[Rounds, FakeStream]]:
    stream = FakeStream()
    rounds = Rounds(RoundWork(job.records, job.keys, job.settle, job.crash), limits or RoundLimits())
    rounds.release()
    consuming = asyncio.create_task(rounds.consume(stream))
    yield rounds, stream
    consuming.cancel()


async def settled(stream: FakeStream, *events: FakeEvent) -> None:
    async with asyncio.timeout(5):
        await stream.wait_acked(events)


async def passes() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_arrives_during_a_round_is_the_next_one() -> None:
    job = Job()
    async with running(job) as (_, stream):
        first = stream.put(1, 2)
        await job.began.wait()
        later = [stream.put(3), stream.put(10, 11, partition=1), stream.put(4, 5)]
        await passes()
        job.gate.set()
        await settled(stream, first, *later)
    assert job.rounds_seen == [{0: [1, 2]}, {0: [3, 4, 5], 1: [10, 11]}]


async def test_a_batch_is_acknowledged_when_what_it_changed_is_safe() -> None:
    job = Job(unsafe=True)
    job.gate.set()
    async with running(job) as (_, stream):
        first = stream.put(1)
        await until(lambda: job.rounds_seen == [{0: [1]}], what="the first round")
        await passes()
        assert stream.acked == []
        job.safe.set()
        await settled(stream, first)


async def test_the_next_round_makes_safe_what_the_last_one_changed() -> None:
    job = Job(unsafe=True)
    async with running(job) as (_, stream):
        first = stream.put(1)
        await job.began.wait()
        second = stream.put(2)
        await passes()
        job.gate.set()
        await settled(stream, first)
        assert stream.acked == [first]
        job.safe.set()
        await settled(stream, second)


async def test_what_no_later_round_makes_safe_is_settled_when_there_is_nothing_to_do() -> None:
    job = Job(unsafe=True, pays=False)
    job.gate.set()
    async with running(job, RoundLimits(settle_seconds=0.5)) as (_, stream):
        events = [stream.put(1)]
        await until(lambda: len(job.rounds_seen) == 1, what="the first round")
        events.append(stream.put(2))
        await until(lambda: len(job.rounds_seen) == 2, what="the second round")
        await passes()
        assert stream.acked == []
        job.safe.set()
        await settled(stream, *events)


async def test_holding_does_not_wait_for_the_time_to_settle() -> None:
    job = Job(pays=False)
    job.gate.set()
    async with running(job, RoundLimits(settle_seconds=60)) as (rounds, stream):
        event = stream.put(1)
        await until(lambda: len(job.rounds_seen) == 1, what="the round")
        async with asyncio.timeout(5):
            await rounds.hold()
        assert stream.acked == [event]


async def test_a_round_takes_no_more_than_its_share() -> None:
    job = Job()
    async with running(job, RoundLimits(records=3)) as (_, stream):
        first = stream.put(1)
        await job.began.wait()
        later = [stream.put(2, 3), stream.put(4), stream.put(5, 6, 7, 8)]
        await passes()
        job.gate.set()
        await settled(stream, first, *later)
    assert job.rounds_seen == [{0: [1]}, {0: [2, 3, 4]}, {0: [5, 6, 7, 8]}]


async def test_only_so_many_batches_wait() -> None:
    job = Job()
    async with running(job, RoundLimits(waiting_batches=2)) as (_, stream):
        events = [stream.put(number) for number in range(8)]
        await job.began.wait()
        await passes()
        assert stream.queue.qsize() >= 3
        job.gate.set()
        await settled(stream, *events)


async def test_submitted_keys_are_handled_between_record_rounds() -> None:
    job = Job()
    async with running(job) as (rounds, stream):
        first = stream.put(1)
        await job.began.wait()
        rounds.submit([b"a", b"b"])
        rounds.submit([b"a"])
        second = stream.put(2)
        await passes()
        job.gate.set()
        await settled(stream, first, second)
    assert job.rounds_seen == [{0: [1]}, [b"a", b"b"], {0: [2]}]


async def test_keys_wait_while_partitions_change_hands() -> None:
    job = Job()
    job.gate.set()
    async with running(job) as (rounds, _):
        await rounds.hold()
        rounds.submit([b"a"])
        await passes()
        assert job.rounds_seen == []
        rounds.release()
        await passes()
    assert job.rounds_seen == [[b"a"]]


async def test_holding_finishes_the_running_round_and_forgets_the_rest() -> None:
    job = Job()
    async with running(job) as (rounds, stream):
        first = stream.put(1)
        await job.began.wait()
        stream.put(2)
        await passes()
        holding = asyncio.create_task(rounds.hold())
        await passes()
        assert not holding.done()
        job.gate.set()
        await holding
    assert job.rounds_seen == [{0: [1]}]
    assert stream.acked == [first]


async def test_a_round_that_does_not_end_is_cancelled_and_reported() -> None:
    job = Job()
    async with running(job, RoundLimits(hold_seconds=0.01)) as (rounds, stream):
        stream.put(1)
        await job.began.wait()
        with pytest.raises(RoundOverdue, match="partitions were revoked"):
            await rounds.hold()
        job.gate.set()
        await passes()
    assert (job.rounds_seen, stream.acked) == ([], [])


async def test_nothing_is_handled_or_acknowledged_after_a_failed_round() -> None:
    job = Job(bug=ValueError("a bug in the rules"))
    job.gate.set()
    async with running(job) as (rounds, stream):
        stream.put(1)
        await passes()
        job.bug = None
        stream.put(2)
        rounds.submit([b"a"])
        rounds.release()
        await passes()
    assert [str(error) for error in job.crashes] == ["a bug in the rules"]
    assert (job.rounds_seen, stream.acked) == ([], [])
