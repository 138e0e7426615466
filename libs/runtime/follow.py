"""A small compacted topic as state: read in full before the service starts, followed ever after."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from libs.runtime.kafka import new_consumer, part_with

READ_SECONDS = 60.0
RETRY_SECONDS = 1.0

Apply = Callable[[bytes, bytes | None], None]
log = structlog.get_logger(__name__)


@asynccontextmanager
async def followed(bootstrap: str, topic: str, apply: Apply) -> AsyncIterator[None]:
    """Call `apply(key, value)` for every record of `topic`, value None for a tombstone, before the block is entered;
    then for each new one while it runs. `apply` must take what it cannot read without raising.

    Raises TimeoutError when the topic cannot be read in a minute.
    """
    consumer = new_consumer(bootstrap, topic)
    await consumer.start()
    try:
        async with asyncio.timeout(READ_SECONDS):
            await _read_all(consumer, apply)
        following = asyncio.create_task(_follow(consumer, topic, apply))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
    finally:
        await part_with(consumer)


async def _read_all(consumer: AIOKafkaConsumer, apply: Apply) -> None:
    # Without a group, a consumer is assigned all partitions of its topic as soon as it has started.
    partitions = list(consumer.assignment())
    ends = await consumer.end_offsets(partitions)
    while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
        await _apply_next(consumer, apply)


async def _apply_next(consumer: AIOKafkaConsumer, apply: Apply) -> None:
    for records in (await consumer.getmany(timeout_ms=200)).values():
        for record in records:
            if record.key is not None:
                apply(record.key, record.value)


async def _follow(consumer: AIOKafkaConsumer, topic: str, apply: Apply) -> None:
    while True:
        try:
            await _apply_next(consumer, apply)
        except KafkaError as error:
            log.warning("topic_not_followed", topic=topic, error=repr(error), retry_seconds=RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)
