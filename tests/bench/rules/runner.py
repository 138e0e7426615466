"""Measures the three engines with the real rules over one waiting backlog, turn by turn.

How far a run is shows in the invoices: each event of one is one record of its own on the topic between the stages,
in every engine. The rate is that of the events between the first tenth of them and the last record of all, by the
broker's clock. Afterwards the three must have come to the same revenue for every client.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.runtime.kafka import ensure_topics, new_consumer
from libs.wire.codec import decode, decode_activity
from libs.wire.records import ClientRecord, InvoiceActivity
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, STRIPE_EVENTS
from tests.bench.figures import Figure, Say, Scale, ratio
from tests.bench.place import Bench
from tests.bench.processes import python
from tests.bench.rules.backlog import PARTITIONS, backlog, fill
from tests.bench.rules.job import Job

NAMES = {"ours": ("mrr worker", ">= 8,000"), "raw": ("raw aiokafka", ""), "quix": ("Quix Streams", "")}
WARM = 0.1
RUN_SECONDS = 240.0
Worth = Mapping[str, Mapping[str, str]]


class EnginesDisagree(AssertionError):
    """Two engines came to different revenue: what they were measured at is not the same work."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: events a second, and what every client is worth at the end."""

    rate: float
    worth: Worth


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """The figures of all engines and how they compare. Raises EnginesDisagree."""
    brokers = bench.servers.kafka_bootstrap
    await _create(brokers, CLIENT_ACTIVITY.name, REVENUE_CLIENTS.name)
    await ensure_topics(brokers, PARTITIONS, 1)
    records = await asyncio.to_thread(backlog, scale.count(40_000, 1000))
    size = sum(len(value) for _, value in records) / len(records)
    await fill(brokers, records)
    say(f"{len(records)} records of {size:.0f} bytes are waiting")
    rates: dict[str, list[float]] = defaultdict(list)
    agreed: Worth | None = None
    for _ in range(scale.runs):
        for engine in NAMES:
            outcome = await _run(engine, brokers, len(records), bench.home)
            say(f"{engine}: {outcome.rate:.0f} events/s")
            rates[engine].append(outcome.rate)
            agreed = agreed or outcome.worth
            if outcome.worth != agreed:
                raise EnginesDisagree(f"{engine} came to other revenue for {_differing(outcome.worth, agreed)}")
    return _figures({engine: tuple(found) for engine, found in rates.items()})


def _figures(rates: Mapping[str, tuple[float, ...]]) -> list[Figure]:
    ours, raw, quix = (
        Figure("rules", f"{name}: both stages, one process", "events/s", rates[engine], aim)
        for engine, (name, aim) in NAMES.items()
    )
    return [
        ours, raw, quix,
        ratio("rules", "mrr worker / raw aiokafka", ours, raw, ""),
        ratio("rules", "mrr worker / Quix Streams", ours, quix, ">= 1.5"),
    ]  # fmt: skip


def _differing(one: Worth, other: Worth) -> list[str]:
    return sorted(client for client in {*one, *other} if one.get(client) != other.get(client))[:5]


async def _run(engine: str, brokers: str, events: int, home: Path) -> Outcome:
    group = f"{engine}-{uuid.uuid4().hex[:8]}"
    job = Job(group, brokers, f"{group}.activity", f"{group}.revenue", home / group)
    if engine == "ours":
        # The service's topics are code: each run has the same ones, and reads what comes after the last run.
        job = Job(group, brokers, CLIENT_ACTIVITY.name, REVENUE_CLIENTS.name, home / group)
        await _begin_at_end(brokers, group, job.activity)
    else:
        await _create(brokers, job.activity, job.revenue)
        await _create(brokers, f"{group}-customers-changelog", f"{group}-clients-changelog", cleanup="compact")
    begun = {topic: await _ends(brokers, topic) for topic in (job.activity, job.revenue)}
    job.home.mkdir()
    async with python(f"tests.bench.rules.{engine}", *job.arguments(), log=home / f"{group}.log") as worker:
        await _all_committed(job, worker, home / f"{group}.log")
    activity = await _read(brokers, job.activity, begun[job.activity])
    revenue = await _read(brokers, job.revenue, begun[job.revenue])
    return Outcome(_rate(events, activity, revenue), _worth(revenue))


async def _all_committed(job: Job, worker: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until the group has committed all that is on both of its topics. Raises TimeoutError."""
    deadline = time.monotonic() + RUN_SECONDS
    admin = AIOKafkaAdminClient(bootstrap_servers=job.brokers)
    await admin.start()
    try:
        while not await _is_done(admin, job):
            if worker.returncode is not None or time.monotonic() > deadline:
                text = await asyncio.to_thread(log.read_text)
                raise TimeoutError(f"{job.group} did not finish (exit code {worker.returncode}): {text[-2000:]}")
            await asyncio.sleep(0.5)
    finally:
        await admin.close()


async def _is_done(admin: AIOKafkaAdminClient, job: Job) -> bool:
    committed = await admin.list_consumer_group_offsets(job.group)
    for topic in (STRIPE_EVENTS.name, job.activity):
        ends = await _ends(job.brokers, topic)
        if not any(ends.values()) or any(
            tp not in committed or committed[tp].offset < end for tp, end in ends.items() if end
        ):
            return False
    return True


def _rate(events: int, activity: list[ConsumerRecord], revenue: list[ConsumerRecord]) -> float:
    invoices: list[int] = sorted(r.timestamp for r in activity if isinstance(decode_activity(r.value), InvoiceActivity))
    warm = int(len(invoices) * WARM)
    ended: int = max(record.timestamp for record in (*activity, *revenue))
    # A whole round is stamped at once: count every invoice of the warm one.
    begun: int = invoices[warm]
    share = sum(stamp > begun for stamp in invoices) / len(invoices)
    return events * share / ((ended - begun) / 1000)


def _worth(revenue: Iterable[ConsumerRecord]) -> Worth:
    found: dict[str, tuple[int, Mapping[str, str]]] = {}
    for record in revenue:
        client = decode(record.value, ClientRecord)
        found[f"{client.project}/{client.client}"] = client.revision, client.exact_by_currency
    return {client: worth for client, (_, worth) in found.items()}


async def _create(brokers: str, *topics: str, cleanup: str = "delete") -> None:
    """Topics whose records bear the broker's time, so that all engines are measured by one clock."""
    config = {"cleanup.policy": cleanup, "message.timestamp.type": "LogAppendTime", "max.message.bytes": str(2 << 20)}
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=config) for topic in topics])
    finally:
        await admin.close()


async def _begin_at_end(brokers: str, group: str, topic: str) -> None:
    async with AIOKafkaConsumer(bootstrap_servers=brokers, group_id=group, enable_auto_commit=False) as consumer:
        ends = await _ends(brokers, topic)
        consumer.assign(list(ends))
        await consumer.commit(ends)


async def _ends(brokers: str, topic: str) -> dict[TopicPartition, int]:
    async with AIOKafkaConsumer(bootstrap_servers=brokers) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(
            [TopicPartition(topic, number) for number in range(PARTITIONS)]
        )
        return ends


async def _read(brokers: str, topic: str, begun: Mapping[TopicPartition, int]) -> list[ConsumerRecord]:
    """All records of a topic from where they began, in order within each partition."""
    ends = await _ends(brokers, topic)
    found: list[ConsumerRecord] = []
    async with new_consumer(brokers) as consumer:
        consumer.assign(list(ends))
        for partition, offset in begun.items():
            consumer.seek(partition, offset)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return found
