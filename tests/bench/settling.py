"""Waits until a first sync has gone all the way: what is measured is webhooks after a start, not behind a backlog."""

import asyncio

from aiokafka import AIOKafkaConsumer

from libs.runtime.kafka import new_consumer
from libs.wire.topics import CHURN_SIGNALS, CLIENT_ACTIVITY, CLIENT_HEALTH, REVENUE_CLIENTS, STRIPE_EVENTS

ALONG_THE_WAY = (STRIPE_EVENTS, CLIENT_ACTIVITY, REVENUE_CLIENTS, CHURN_SIGNALS, CLIENT_HEALTH)
LOOK_SECONDS, QUIET_LOOKS = 0.5, 6
WITHIN_SECONDS = 120.0


async def settled(bootstrap: str) -> None:
    """Return when no topic on the way has grown for three seconds. Raises TimeoutError after two minutes."""
    async with new_consumer(bootstrap, *(topic.name for topic in ALONG_THE_WAY)) as consumer:
        async with asyncio.timeout(WITHIN_SECONDS):
            before, quiet = await _ends(consumer), 0
            while quiet < QUIET_LOOKS:
                await asyncio.sleep(LOOK_SECONDS)
                now = await _ends(consumer)
                before, quiet = now, quiet + 1 if now == before else 0


async def _ends(consumer: AIOKafkaConsumer) -> dict[object, int]:
    ends: dict[object, int] = await consumer.end_offsets(list(consumer.assignment()))
    return ends
