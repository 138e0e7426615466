"""Publishing again what was stored and did not get to Kafka: a process died between the two, or Kafka was away."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from libs.runtime.kafka import KafkaUnavailable
from libs.runtime.postgres import UNREACHABLE

REPAIR_SECONDS = 15.0

log = structlog.get_logger(__name__)


async def repair(topic: str, publish_missing: Callable[[], Awaitable[int]]) -> None:
    """Publish what is stored and not on the topic yet, for ever."""
    while True:
        try:
            await publish_missing()
        except (*UNREACHABLE, KafkaUnavailable) as error:
            log.warning("not_published", topic=topic, reason=repr(error), retry_seconds=REPAIR_SECONDS)
        await asyncio.sleep(REPAIR_SECONDS)
