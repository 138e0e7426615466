"""Feeding a topic and reading it back whole."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Feed:
    """Numbers at a steady rate, spread over keys."""

    brokers: str
    topic: str
    rate: int
    keys: int

    def key(self, number: int) -> bytes:
        """The key that a number goes to."""
        return b"k%d" % (number * 7919 % self.keys)

    async def send(self, numbers: range) -> None:
        """Publish the numbers in order, `rate` a second; return when the last one is acknowledged."""
        per_tick = max(1, int(self.rate * TICK_SECONDS))
        async with AIOKafkaProducer(bootstrap_servers=self.brokers, acks="all", enable_idempotence=True) as producer:
            clock = asyncio.get_running_loop()
            began = clock.time()
            for sent in range(0, len(numbers), per_tick):
                for number in numbers[sent : sent + per_tick]:
                    await producer.send(self.topic, b"%d" % number, key=self.key(number))
                await asyncio.sleep(max(0.0, began + (sent + per_tick) / self.rate - clock.time()))
            await producer.flush()


async def end_offsets(brokers: str, topic: str) -> Mapping[int, int]:
    """Where each partition of a topic ends."""
    async with AIOKafkaConsumer(bootstrap_servers=brokers) as consumer:
        partitions = [TopicPartition(topic, number) for number in await _partitions(consumer, topic)]
        ends = await consumer.end_offsets(partitions)
        return {tp.partition: offset for tp, offset in ends.items()}


async def read_all(brokers: str, topic: str) -> Sequence[ConsumerRecord]:
    """Every record of a topic up to its present end, by partition in order."""
    ends = await end_offsets(brokers, topic)
    records: list[ConsumerRecord] = []
    async with AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, number) for number in ends])
        while not all([await consumer.position(tp) >= ends[tp.partition] for tp in consumer.assignment()]):
            polled = await consumer.getmany(timeout_ms=500, max_records=5000)
            for batch in polled.values():
                records += batch
    return records


async def committed(brokers: str, group: str, topic: str) -> Mapping[int, int]:
    """How far a group has committed; 0 where it has not."""
    async with AIOKafkaConsumer(bootstrap_servers=brokers, group_id=group, enable_auto_commit=False) as consumer:
        partitions = await _partitions(consumer, topic)
        return {number: await consumer.committed(TopicPartition(topic, number)) or 0 for number in partitions}


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait for a condition, with a deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await holds():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{holds} did not come true within {seconds} s")
        await asyncio.sleep(0.2)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    while (found := consumer.partitions_for_topic(topic)) is None:
        consumer._client.add_topic(topic)
        await consumer._client.force_metadata_update()
    return set(found)
