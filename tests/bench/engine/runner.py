"""Measures the three engines: events per second over a waiting backlog, medians of interleaved runs.

`python -m tests.bench.engine.runner BROKERS [EVENTS] [RUNS]` prints one line per engine.
"""

import asyncio
import json
import resource
import signal
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.runtime.partition import partition_of
from tests.bench.engine.job import event, key_of
from tests.bench.figures import Figure, Say, Scale, ratio
from tests.bench.place import Bench

ENGINES = ("ours", "raw", "quix")
PARTITIONS = 8
RUN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One engine's rates, in events per second."""

    engine: str
    rates: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def median(self) -> float:
        """The rate to quote."""
        return statistics.median(self.rates)

    @property
    def cpu_per_event(self) -> float:
        """Microseconds of processor time for one event: steadier than the rate when the machine has other work."""
        return statistics.median(self.cpu)


async def measure(brokers: str, events: int = 60_000, runs: int = 3) -> Sequence[Measured]:
    """Run every engine `runs` times, turn by turn, over the same backlog of `events`."""
    source = f"bench-{uuid.uuid4().hex[:8]}"
    await create(brokers, source)
    await fill(brokers, source, events)
    rates: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    cpu: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    for _ in range(runs):
        for engine in ENGINES:
            before = _children_cpu()
            rates[engine].append(await run(engine, brokers, source, events))
            cpu[engine].append((_children_cpu() - before) / events * 1e6)
    return [Measured(engine, tuple(rates[engine]), tuple(cpu[engine])) for engine in ENGINES]


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def run(engine: str, brokers: str, source: str, events: int) -> float:
    """Events per second of one engine, from the first output to the last."""
    group = f"{engine}-{uuid.uuid4().hex[:8]}"
    target = f"{group}.out"
    await create(brokers, target)
    await create(brokers, f"{group}-highest-changelog", compact=True)
    with tempfile.TemporaryDirectory() as home:
        arguments = (group, brokers, source, target, str(PARTITIONS), home)
        log = await asyncio.to_thread(Path(home, "log").open, "wb")
        with log:
            worker = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"tests.bench.engine.{engine}", *arguments, stdout=log, stderr=log
            )
            try:
                return await asyncio.wait_for(rate(brokers, target, events), RUN_SECONDS)
            except TimeoutError:
                text = await asyncio.to_thread(Path(home, "log").read_text)
                raise TimeoutError(f"{engine} did not finish: {text[-2000:]}") from None
            finally:
                worker.send_signal(signal.SIGTERM)
                await worker.wait()


async def rate(brokers: str, target: str, events: int) -> float:
    """Watch the target's end grow; the rate between a tenth and all of the events."""
    partitions = [TopicPartition(target, number) for number in range(PARTITIONS)]
    begun: tuple[float, int] | None = None
    async with AIOKafkaConsumer(bootstrap_servers=brokers) as watcher:
        while True:
            done: int = sum((await watcher.end_offsets(partitions)).values())
            now = time.monotonic()
            if begun is None and done >= events // 10:
                begun = now, done
            if begun is not None and done >= events:
                return (done - begun[1]) / (now - begun[0])
            await asyncio.sleep(0.02)


async def create(brokers: str, topic: str, *, compact: bool = False) -> None:
    """A topic as the workers expect it."""
    client = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await client.start()
    try:
        config = {"cleanup.policy": "compact"} if compact else {}
        await client.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config)])
    finally:
        await client.close()


async def fill(brokers: str, topic: str, events: int) -> None:
    """Put the backlog there."""
    async with AIOKafkaProducer(bootstrap_servers=brokers, max_batch_size=1 << 20) as producer:
        batches = {number: producer.create_batch() for number in range(PARTITIONS)}
        acks = []
        for number in range(events):
            key, value = key_of(number), event(number)
            partition = partition_of(key, PARTITIONS)
            if batches[partition].append(key=key, value=value, timestamp=None) is None:
                acks.append(await producer.send_batch(batches[partition], topic, partition=partition))
                batches[partition] = producer.create_batch()
                batches[partition].append(key=key, value=value, timestamp=None)
        acks += [await producer.send_batch(batch, topic, partition=number) for number, batch in batches.items()]
        await asyncio.gather(*acks)


async def figures(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """The engines and how they compare."""
    found = await measure(bench.servers.kafka_bootstrap, scale.count(60_000, 20_000), scale.runs)
    for each in found:
        say(f"{each.engine}: {each.cpu_per_event:.0f} us of processor time an event")
    ours, raw, quix = (
        Figure("engine", f"{name}: trivial job", "events/s", each.rates)
        for name, each in zip(("ours", "raw aiokafka", "Quix Streams"), found, strict=True)
    )
    return [
        *(ours, raw, quix),
        ratio("engine", "ours / raw aiokafka", ours, raw, ">= 0.85"),
        ratio("engine", "ours / Quix Streams", ours, quix, ">= 2"),
    ]


def report(found: Sequence[Measured]) -> str:
    """One line per engine, as JSON."""
    return "\n".join(
        json.dumps(
            {
                "engine": m.engine,
                "events_per_second": round(m.median),
                "runs": [round(rate) for rate in m.rates],
                "cpu_us_per_event": round(m.cpu_per_event, 1),
            }
        )
        for m in found
    )


if __name__ == "__main__":
    brokers_, *counts = sys.argv[1:]
    print(report(asyncio.run(measure(brokers_, *map(int, counts)))))  # noqa: T201 - a command's output
