"""Both stages in a plain aiokafka loop with bulk batches: the ceiling for an asyncio worker with these rules.

Outputs acknowledged, changelogs acknowledged, then the dictionary; offsets are committed once a second. It has no
recovery, no care for rebalances, no clock.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from libs.runtime.faust_batch import Record, StageResult, State
from libs.runtime.kafka import ProducerLimits, new_producer
from libs.runtime.partition import partition_of
from libs.wire.topics import STRIPE_EVENTS
from tests.bench.rules.backlog import PARTITIONS
from tests.bench.rules.job import Job, job_of, spare_the_collector, stages

MIB = 1 << 20
Compute = Callable[[Sequence[Record], State], StageResult]
Place = tuple[str, int]
Packed = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]


class Loop:
    """State by topic and partition, and what to do with a poll."""

    def __init__(self, job: Job, producer: AIOKafkaProducer) -> None:
        by_customer, by_client = stages()
        self._job, self._producer = job, producer
        self._stages: dict[str, tuple[str, Compute]] = {
            STRIPE_EVENTS.name: (f"{job.group}-customers-changelog", by_customer.compute),
            job.activity: (f"{job.group}-clients-changelog", by_client.compute),
        }
        self._tables: dict[Place, dict[bytes, bytes]] = {}

    async def handle(self, polled: dict[TopicPartition, list[Record]]) -> None:
        """Compute, publish, remember."""
        outputs: dict[Place, list[Packed]] = {}
        writes: dict[Place, list[Packed]] = {}
        changed: list[tuple[dict[bytes, bytes], StageResult]] = []
        for tp, records in polled.items():
            changelog, compute = self._stages[tp.topic]
            table = self._tables.setdefault((tp.topic, tp.partition), {})
            result = compute(records, table)
            for topic, key, value, headers in result.outputs:
                place = self._job.topic(topic), partition_of(key or b"", PARTITIONS)
                outputs.setdefault(place, []).append((key, value, headers))
            writes[changelog, tp.partition] = [(key, value, []) for key, value in result.changes.items()]
            changed.append((table, result))
        await self._send(outputs)
        await self._send(writes)
        for table, result in changed:
            table.update({key: value for key, value in result.changes.items() if value is not None})

    async def _send(self, packed: dict[Place, list[Packed]]) -> None:
        acks = [ack for place, records in packed.items() for ack in await self._sent(place, records)]
        await asyncio.gather(*acks)

    async def _sent(self, place: Place, records: Iterable[Packed]) -> list[asyncio.Future[object]]:
        topic, partition = place
        acks, batch = [], self._producer.create_batch()
        for key, value, headers in records:
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                acks.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=headers)
        if batch.record_count():
            acks.append(await self._producer.send_batch(batch, topic, partition=partition))
        return acks


async def work(job: Job) -> None:
    """Poll and handle until a signal."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    consumer = AIOKafkaConsumer(
        STRIPE_EVENTS.name,
        job.activity,
        bootstrap_servers=job.brokers,
        group_id=job.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * MIB,
    )
    async with consumer, new_producer(job.brokers, ProducerLimits(batch_bytes=MIB)) as producer:
        loop = Loop(job, producer)
        committed_at = time.monotonic()
        while not stopping.is_set():
            await loop.handle(await consumer.getmany(timeout_ms=100, max_records=4000))
            if time.monotonic() - committed_at > 1.0:
                await consumer.commit()
                committed_at = time.monotonic()
        await consumer.commit()


if __name__ == "__main__":
    spare_the_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(job_of(sys.argv[1:])))
