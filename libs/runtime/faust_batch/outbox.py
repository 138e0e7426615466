"""A round's outputs: one bulk per partition of each target topic, all sent together."""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer

from libs.runtime.faust_batch.bulk import Bulk
from libs.runtime.faust_batch.record import Output
from libs.runtime.partition import partition_of


class Outbox:
    """Sorts outputs to the partitions that their keys belong to. `partitions`: how many each topic has."""

    def __init__(self, producer: AIOKafkaProducer, partitions: Mapping[str, int], limit: int) -> None:
        self._producer, self._partitions, self._limit = producer, partitions, limit
        self._bulks: dict[tuple[str, int], Bulk] = {}

    def add(self, output: Output) -> None:
        """Pack one output. Raises RecordTooLarge, or KeyError for a topic that the stage did not name."""
        topic, key, value, headers = output
        partition = partition_of(key or b"", self._partitions[topic])
        bulk = self._bulks.get((topic, partition))
        if bulk is None:
            bulk = self._bulks[topic, partition] = Bulk(self._producer, topic, partition, self._limit)
        bulk.add(key, value, headers)

    async def send(self) -> None:
        """Send all and wait until the broker has acknowledged them. Raises KafkaError."""
        await asyncio.gather(*(bulk.send() for bulk in self._bulks.values()))
