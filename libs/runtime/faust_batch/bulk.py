"""Records for one partition, packed straight into aiokafka batches."""

import asyncio
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from libs.runtime.faust_batch.record import Headers

# The broker counts the batch's own frame, too.
BATCH_OVERHEAD = 512
# More than a batch of one record has around its key and value, as long as it has no headers.
RECORD_FRAME = 96
NO_HEADERS: Headers = []


class RecordTooLarge(ValueError):
    """One record alone is larger than a topic takes. Carries `topic`, `key` (never the value), `size`, `limit`."""

    def __init__(self, topic: str, key: bytes | None, size: int, limit: int) -> None:
        self.topic, self.key, self.size, self.limit = topic, key, size, limit
        super().__init__(
            f"record of {size} bytes for key {key!r} of {topic} is over the limit of {limit} bytes:"
            " dead-letter it, or raise max.message.bytes of the topic and max_record_bytes together"
        )


def require_room(topic: str, key: bytes, value: bytes | None, limit: int) -> None:
    """Raises RecordTooLarge for what `Bulk.add` might not take later, without headers."""
    size = RECORD_FRAME + len(key) + len(value or b"")
    if size > limit - BATCH_OVERHEAD:
        raise RecordTooLarge(topic, key, size, limit)


@dataclass(frozen=True, slots=True)
class Written:
    """Where a bulk landed. `contiguous`: nobody else wrote between its first and last record."""

    first: int
    last: int
    contiguous: bool


class Bulk:
    """Collects records for one partition of one topic; `send` returns when the broker has acknowledged all."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int, limit: int) -> None:
        self._producer, self._topic, self._partition, self._limit = producer, topic, partition, limit
        self._full: list[object] = []
        self._batch = producer.create_batch()

    def add(self, key: bytes | None, value: bytes | None, headers: Headers = NO_HEADERS) -> None:
        """Pack one record. Raises RecordTooLarge if it can't be sent even alone; it is then left out."""
        metadata = self._batch.append(key=key, value=value, timestamp=None, headers=headers)
        if metadata is None:
            self._full.append(self._batch)
            self._batch = self._producer.create_batch()
            metadata = self._batch.append(key=key, value=value, timestamp=None, headers=headers)
        # A builder takes any first record, however large; only then can the batch be over the limit.
        if metadata.offset == 0 and self._batch.size() > self._limit - BATCH_OVERHEAD:
            size = self._batch.size()
            self._batch = self._producer.create_batch()
            raise RecordTooLarge(self._topic, key, size, self._limit)

    async def send(self) -> Written | None:
        """Send and wait for the acknowledgement; None if there was nothing to send. Raises KafkaError."""
        batches = [*self._full, *([self._batch] if self._batch.record_count() else [])]
        if not batches:
            return None
        counts = [batch.record_count() for batch in batches]
        pending = [await self._producer.send_batch(batch, self._topic, partition=self._partition) for batch in batches]
        acks = await asyncio.gather(*pending)
        first, last = acks[0].offset, acks[-1].offset + counts[-1] - 1
        return Written(first, last, contiguous=last - first + 1 == sum(counts))
