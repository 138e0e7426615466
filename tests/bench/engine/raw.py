"""The job in a plain aiokafka loop with the same bulk batches: the ceiling for an asyncio worker.

One consumer, `getmany`, outputs acknowledged, changelog acknowledged, then the offsets are committed once a second.
It has no recovery and no care for rebalances.
"""

import asyncio
import signal
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from libs.runtime.partition import partition_of
from tests.bench.engine.job import number_of, output

MIB = 1 << 20


async def send(producer: AIOKafkaProducer, topic: str, packed: dict[int, list[tuple[bytes, bytes]]]) -> None:
    """Send records by partition in full batches and wait for all acknowledgements."""
    acks = []
    for partition, records in packed.items():
        batch: BatchBuilder = producer.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                acks.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        acks.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acks)


async def work(group: str, brokers: str, source: str, target: str, partitions: int) -> None:
    """Poll, compute, publish, remember, commit."""
    state: dict[bytes, bytes] = {}
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    consumer = AIOKafkaConsumer(
        source,
        bootstrap_servers=brokers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * MIB,
    )
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", max_batch_size=MIB, max_request_size=2 * MIB)
    async with consumer, producer:
        committed_at = time.monotonic()
        while not stopping.is_set():
            polled = await consumer.getmany(timeout_ms=100, max_records=4000)
            outputs: dict[int, list[tuple[bytes, bytes]]] = {}
            writes: dict[int, list[tuple[bytes, bytes]]] = {}
            for tp, records in polled.items():
                changes: dict[bytes, bytes] = {}
                for record in records:
                    number = number_of(record.value)
                    out = outputs.setdefault(partition_of(record.key, partitions), [])
                    out.append((record.key, output(number)))
                    known = changes.get(record.key) or state.get(record.key)
                    if known is None or int(known) < number:
                        changes[record.key] = b"%d" % number
                writes[tp.partition] = list(changes.items())
            await send(producer, target, outputs)
            await send(producer, f"{group}-highest-changelog", writes)
            for changed in writes.values():
                state.update(changed)
            if time.monotonic() - committed_at > 1.0:
                await consumer.commit()
                committed_at = time.monotonic()
        await consumer.commit()


if __name__ == "__main__":
    group_, brokers_, source_, target_, partitions_, _home = sys.argv[1:]
    asyncio.run(work(group_, brokers_, source_, target_, int(partitions_)))
