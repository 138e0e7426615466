"""What can't be read goes to the dead letters of its topic, acknowledged before its offset is passed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter

from libs.wire.dead_letters import Origin, dead_letter_headers
from libs.wire.headers import Headers
from services.api.read_model.projection import Delivered

CONSUMER = "api"
MOST_IN_A_ROW = 1000

log = structlog.get_logger(__name__)
dead_letters = Counter("revstream_api_dead_letters", "Records that the read model could not take", ["topic"])


class TooManyDeadLetters(RuntimeError):
    """So many unreadable records in a row are a fault of this program or of a producer, not of the records."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    delivered: Delivered
    reason: str


class Producer(Protocol):
    """What `aiokafka.AIOKafkaProducer` does."""

    async def send_and_wait(
        self, topic: str, value: bytes | None, key: bytes | None, *, headers: Headers
    ) -> object: ...


class DeadLetterBox:
    """Sends letters, and stops the consumer when nothing else arrives any more."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._in_a_row = 0

    async def send(self, letters: Sequence[DeadLetter], good: int) -> None:
        """Send the unreadable records of a batch that also had `good` ones. Raises TooManyDeadLetters."""
        self._in_a_row = len(letters) if good else self._in_a_row + len(letters)
        await asyncio.gather(*(self._send(letter) for letter in letters))
        if self._in_a_row > MOST_IN_A_ROW:
            raise TooManyDeadLetters(
                f"{self._in_a_row} records in a row were unreadable, the last because: {letters[-1].reason}"
            )

    async def _send(self, letter: DeadLetter) -> None:
        it = letter.delivered
        origin = Origin(it.topic, it.partition, it.offset)
        headers = dead_letter_headers(letter.reason, origin, CONSUMER, it.headers)
        await self._producer.send_and_wait(f"{it.topic}.dead-letters", it.value, it.key, headers=headers)
        dead_letters.labels(it.topic).inc()
        log.warning("record_dead_lettered", topic=it.topic, partition=it.partition, offset=it.offset)
