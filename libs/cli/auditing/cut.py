"""The instant at which topics and read model are compared: what the read model has applied, and nothing after it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from deploy.failures import StackUnavailable
from libs.cli.auditing.topics import INDEX, TABLES, Reading, copy_topics
from libs.cli.servers import Owner
from libs.runtime.spans import Span
from libs.wire.topics import REVENUE_MOVEMENTS, STRIPE_EVENTS

CATCH_UP_SECONDS = 120.0
LOOK_SECONDS = 0.2
OFFSETS = "SELECT topic, partition, next_offset FROM read_model_offsets"
NEVER_COMPACTED = (REVENUE_MOVEMENTS.name, STRIPE_EVENTS.name)

Offsets = dict[TopicPartition, int]


@dataclass(slots=True)
class Topics:
    """The topics as far as they were read; `are_cut` where old records of those that keep all are gone."""

    reading: Reading
    reached: Offsets = field(default_factory=dict)
    are_cut: bool = False

    async def read(self, connection: Owner) -> None:
        """Read all that is there now, of each partition that the read model follows."""
        await connection.execute(TABLES)
        consumer = self.reading.consumer
        places = list(await applied(connection))
        if not places:
            raise StackUnavailable("the read model has not begun to read the topics: start the api service")
        begin, end = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        self.are_cut = any(begin[place] > 0 for place in places if place.topic in NEVER_COMPACTED)
        await copy_topics(self.reading, connection, {place: Span(begin[place], end[place]) for place in places})
        await connection.execute(INDEX)
        self.reached = end

    async def follow(self, connection: Owner) -> None:
        """Read on to where the read model is in this transaction, which must not be behind."""
        held = await applied(connection)
        until = {place: max(held.get(place, 0), offset) for place, offset in self.reached.items()}
        missing = {place: Span(self.reached[place], end) for place, end in until.items()}
        await copy_topics(self.reading, connection, missing)
        self.reached = until

    async def caught_up(self, connection: Owner) -> Sequence[str]:
        """Wait until the read model holds all that was read; what it still lacks after a while, in words."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while lacking := _lacking(await applied(connection), self.reached):
            if time.monotonic() > deadline:
                return lacking
            await asyncio.sleep(LOOK_SECONDS)
        return ()


async def applied(connection: Owner) -> Offsets:
    """How far the read model has come."""
    rows = await connection.fetch(OFFSETS)
    return {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}


def _lacking(held: Offsets, wanted: Offsets) -> list[str]:
    return [
        f"{place.topic} {place.partition}: {end - held.get(place, 0)} records"
        for place, end in sorted(wanted.items())
        if held.get(place, 0) < end
    ]
