"""A bad batch inside a round: a bug stops the worker with nothing committed past it, the malformed is set aside."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from tests.chaos.drill.fleet import Fleet
from tests.chaos.drill.job import PARTITIONS, apply, output_of
from tests.chaos.drill.poisoned import BUG, MALFORMED
from tests.chaos.drill.topics import committed, end_offsets, eventually, read_all
from tests.servers import ScratchTopics

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]


@dataclass(frozen=True, slots=True)
class Bench:
    """One run's names and its worker."""

    brokers: str
    group: str
    source: str
    target: str
    dead_letters: str
    fleet: Fleet
    home: Path

    async def feed(self, *values: bytes, key: bytes = b"k") -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.brokers, acks="all") as producer:
            for value in values:
                await producer.send(self.source, value, key=key)

    async def finished(self) -> bool:
        return await committed(self.brokers, self.group, self.source) == await end_offsets(self.brokers, self.source)

    async def values(self, topic: str) -> list[bytes]:
        return [record.value for record in await read_all(self.brokers, topic)]

    def mend(self) -> None:
        (self.fleet.folder(0) / "mended").touch()


@pytest.fixture
async def bench(kafka_bootstrap: str, scratch_topic: ScratchTopics, tmp_path: Path) -> AsyncIterator[Bench]:
    group = f"poison-{uuid.uuid4().hex[:8]}"
    source, target, dead = [await scratch_topic(PARTITIONS) for _ in range(3)]
    arguments = (group, kafka_bootstrap, source, f"{target},{dead}")
    fleet = Fleet("tests.chaos.drill.poisoned", arguments, tmp_path)
    yield Bench(kafka_bootstrap, group, source, target, dead, fleet, tmp_path)
    fleet.kill()


async def test_a_bug_stops_the_worker_and_nothing_is_skipped(bench: Bench) -> None:
    await bench.feed(b"1", b"2")
    await bench.fleet.start(0)
    await eventually(bench.finished, 30)
    await bench.feed(b"3", BUG, b"4")
    assert await bench.fleet.exit_code(0) == 1
    assert max((await committed(bench.brokers, bench.group, bench.source)).values()) <= 3

    await bench.fleet.start(0)
    assert await bench.fleet.exit_code(0) == 1

    bench.mend()
    await bench.fleet.start(0)
    await eventually(bench.finished, 30)
    assert await bench.fleet.stop() == [0]
    wanted = {output_of(b"%d" % number) for number in (1, 2, 3, 4)}
    assert {value for value in await bench.values(bench.target) if b"known" not in value} == wanted
    state = None
    for number in (1, 2, 3, 4):
        state = apply(state, number)
    assert (await bench.values(f"{bench.group}-chains-changelog"))[-1] == state


async def test_a_malformed_record_is_set_aside_and_the_rest_goes_on(bench: Bench) -> None:
    await bench.feed(b"1", MALFORMED, b"2")
    await bench.fleet.start(0)
    await eventually(bench.finished, 30)
    assert await bench.fleet.stop() == [0]
    assert await bench.values(bench.target) == [output_of(b"1"), output_of(b"2")]
    letters = await read_all(bench.brokers, bench.dead_letters)
    assert [(r.value, r.headers) for r in letters] == [(MALFORMED, (("offset", b"1"),))]


async def test_a_worker_that_gains_partitions_rechecks_their_entries(bench: Bench) -> None:
    for number in range(20):
        await bench.feed(b"7", key=b"k%d" % number)
    await bench.fleet.start(0)
    await eventually(bench.finished, 30)
    assert await bench.fleet.stop() == [0]

    await bench.fleet.start(0)
    known = b"0 known " + (apply(None, 7) or b"")

    async def rechecked() -> bool:
        return (await bench.values(bench.target)).count(known) == 20

    await eventually(rechecked, 30)
    assert await bench.fleet.stop() == [0]
