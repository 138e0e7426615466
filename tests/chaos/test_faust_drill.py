"""Workers are killed again and again while they work; nothing may be missing, wrong, or left uncommitted."""

import asyncio
import signal
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from libs.runtime.faust_batch.worker import EXIT_STUCK
from tests.chaos.drill.fleet import Fleet
from tests.chaos.drill.job import PARTITIONS, expected_end, output_of
from tests.chaos.drill.topics import Feed, committed, end_offsets, eventually, read_all
from tests.servers import OwnBrokers, ScratchTopics

CATCH_UP_SECONDS = 60.0

pytestmark = pytest.mark.chaos


@dataclass(frozen=True, slots=True)
class Course:
    """What happens to the workers, and how much is fed meanwhile."""

    workers: int
    rate: int
    ends: Sequence[signal.Signals]
    pause_seconds: float

    @property
    def count(self) -> int:
        """Enough to feed until after the last restart."""
        return int(self.rate * self.pause_seconds * (len(self.ends) + 1))


CI = Course(2, 1000, (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM), 7.0)
FULL = Course(2, 2000, (*[signal.SIGKILL] * 5, signal.SIGTERM, signal.SIGTERM), 9.0)
THREE = Course(3, 1500, (*[signal.SIGKILL] * 4, signal.SIGTERM, signal.SIGTERM), 8.0)


@dataclass(frozen=True, slots=True)
class Drill:
    """One run's names and processes."""

    brokers: str
    group: str
    source: str
    target: str
    fleet: Fleet

    @property
    def changelog(self) -> str:
        return f"{self.group}-chains-changelog"

    async def caught_up(self) -> bool:
        return await committed(self.brokers, self.group, self.source) == await end_offsets(self.brokers, self.source)


async def made(brokers: str, topics: ScratchTopics, home: Path) -> Drill:
    """A drill with fresh topics and no worker yet."""
    group = f"drill-{uuid.uuid4().hex[:8]}"
    source, target = await topics(PARTITIONS), await topics(PARTITIONS)
    fleet = Fleet("tests.chaos.drill.worker", (group, brokers, source, target), home)
    return Drill(brokers, group, source, target, fleet)


@pytest.fixture
async def drill(kafka_bootstrap: str, scratch_topic: ScratchTopics, tmp_path: Path) -> AsyncIterator[Drill]:
    drill = await made(kafka_bootstrap, scratch_topic, tmp_path)
    yield drill
    drill.fleet.kill()


@pytest.mark.timeout(240)
async def test_nothing_is_missing_or_wrong_after_kills_under_load(drill: Drill, full: bool) -> None:
    await run_course(drill, FULL if full else CI)


@pytest.mark.timeout(120)
async def test_a_polite_stop_leaves_nothing_to_repeat(drill: Drill) -> None:
    feed = Feed(drill.brokers, drill.source, 1500, keys=500)
    await drill.fleet.start(0)
    await drill.fleet.ready(0)
    feeding = asyncio.create_task(feed.send(range(1, 15_001)))
    for _ in range(2):
        await asyncio.sleep(2.3)  # somewhere between two commits
        assert await drill.fleet.end(0, signal.SIGTERM) == 0
        done = sum((await committed(drill.brokers, drill.group, drill.source)).values())
        assert sum((await end_offsets(drill.brokers, drill.target)).values()) == done > 0
        await drill.fleet.start(0)
        await drill.fleet.ready(0)
    await feeding
    await eventually(drill.caught_up, CATCH_UP_SECONDS)
    await check(drill, feed, 15_000)
    assert len(await read_all(drill.brokers, drill.target)) == 15_000


@pytest.mark.timeout(240)
@pytest.mark.scale
async def test_three_workers_share_four_partitions(drill: Drill, full: bool) -> None:
    if not full:
        pytest.skip("long run: --full")
    await run_course(drill, THREE)


@pytest.mark.timeout(120)
async def test_a_worker_that_was_frozen_past_its_session_harms_nothing(drill: Drill, full: bool) -> None:
    for turn in range(4 if full else 1):
        await freeze(drill, turn)


async def freeze(drill: Drill, turn: int) -> None:
    """Freeze a worker under load, let the other finish everything, wake it: it must not write old state over new."""
    for number in (0, 1):
        await drill.fleet.start(number)
    await drill.fleet.ready(0)
    await drill.fleet.ready(1)
    feed, count = Feed(drill.brokers, drill.source, 1500, keys=500), 6000
    feeding = asyncio.create_task(feed.send(range(turn * count + 1, (turn + 1) * count + 1)))
    await asyncio.sleep(1.5 + 0.01 * turn)  # somewhere in a round
    drill.fleet.signal(0, signal.SIGSTOP)
    await feeding
    await eventually(drill.caught_up, CATCH_UP_SECONDS)
    drill.fleet.signal(0, signal.SIGCONT)
    await asyncio.sleep(3)
    await drill.fleet.stop()
    await check(drill, feed, (turn + 1) * count)


@pytest.mark.timeout(180)
async def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    own_broker: OwnBrokers, tmp_path: Path, full: bool
) -> None:
    broker = await own_broker()
    drill = await made(broker.bootstrap, ScratchTopics(broker.bootstrap), tmp_path)
    for number in (0, 1):
        await drill.fleet.start(number)
    for number in (0, 1):  # while it starts, a broker that goes away ends a worker, for its supervisor to start again
        await drill.fleet.ready(number)
    feed, outages = Feed(drill.brokers, drill.source, 500, keys=200), 3 if full else 1
    feeding = asyncio.create_task(feed.send(range(1, 10_001)))
    try:
        for _ in range(outages):
            await asyncio.sleep(4)
            await broker.kill()
            await asyncio.sleep(4)
            await broker.start()
        await feeding
        await eventually(drill.caught_up, CATCH_UP_SECONDS)
        await check(drill, feed, 10_000)
        assert await drill.fleet.end(0, signal.SIGTERM) == 0, "the worker was never started again"
        await broker.kill()
        assert await drill.fleet.end(1, signal.SIGTERM) in (0, EXIT_STUCK), "a stop has a deadline, broker or not"
    finally:
        drill.fleet.kill()


async def run_course(drill: Drill, course: Course) -> None:
    """Feed while workers end and start again, then compare everything."""
    for number in range(course.workers):
        await drill.fleet.start(number)
    feed = Feed(drill.brokers, drill.source, course.rate, keys=500)
    feeding = asyncio.create_task(feed.send(range(1, course.count + 1)))
    for turn, how in enumerate(course.ends):
        await asyncio.sleep(course.pause_seconds)  # the drill's own beat, not a wait for something
        await drill.fleet.end(turn % course.workers, how)
        await drill.fleet.start(turn % course.workers)
    await feeding
    await eventually(drill.caught_up, CATCH_UP_SECONDS)
    for number in range(course.workers):
        await drill.fleet.ready(number)
    assert await drill.fleet.stop() == [0] * course.workers
    await check(drill, feed, course.count)


async def check(drill: Drill, feed: Feed, count: int) -> None:
    """Every input in the output, repeats equal, the table right, everything committed."""
    assert await drill.caught_up()
    outputs = await read_all(drill.brokers, drill.target)
    values = defaultdict(set)
    for record in outputs:
        values[int(record.value.split(b" ")[0])].add((record.key, record.value, tuple(record.headers)))
    wanted = {n: {(feed.key(n), output_of(b"%d" % n), (("ce_type", b"drill"),))} for n in range(1, count + 1)}
    assert dict(values) == wanted
    table: dict[bytes, bytes] = {}
    for record in await read_all(drill.brokers, drill.changelog):
        table.pop(record.key, None)
        if record.value is not None:
            table[record.key] = record.value
    numbers: dict[bytes, list[int]] = defaultdict(list)
    for number in range(1, count + 1):
        numbers[feed.key(number)].append(number)
    assert table == expected_end(numbers)
    print(f"\n{count} inputs, {len(outputs) - count} repeats")  # noqa: T201 - the drill's result
