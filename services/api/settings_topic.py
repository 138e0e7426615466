"""`projects.settings`: a project's settings, published whole at every change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.runtime.kafka import KafkaUnavailable, abandon, new_producer
from libs.runtime.postgres import UNREACHABLE
from libs.wire.codec import encode
from libs.wire.headers import cloud_event
from libs.wire.records import SettingsRecord
from libs.wire.topics import PROJECT_SETTINGS
from services.api.asked import SettingsPublisher
from services.api.database import Database
from services.api.queries import settings

SOURCE = "revstream/api"
START_SECONDS = 3.0
ACKNOWLEDGED_SECONDS = 4.0
REPAIR_SECONDS = 15.0

log = structlog.get_logger(__name__)


class SettingsTopic:
    """Publishes with a producer that starts at the first need, so that the API can start while Kafka is away."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._lock = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, record: SettingsRecord) -> None:
        """Return once all replicas have it. Raises KafkaUnavailable; it may have been written all the same."""
        try:
            producer = await self._started()
            async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                await producer.send_and_wait(
                    PROJECT_SETTINGS.name, encode(record), record.project.encode(), headers=_headers(record)
                )
        except (KafkaError, OSError, TimeoutError) as error:
            raise KafkaUnavailable(f"settings of project {record.project} not published: {error!r}") from error

    async def close(self) -> None:
        """Give back the producer."""
        if self._producer is not None:
            await abandon(self._producer, 2.0)

    async def _started(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                producer = new_producer(self._bootstrap)
                try:
                    async with asyncio.timeout(START_SECONDS):
                        await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


@asynccontextmanager
async def settings_topic(bootstrap: str) -> AsyncIterator[SettingsTopic]:
    """A publisher for the length of a block."""
    topic = SettingsTopic(bootstrap)
    try:
        yield topic
    finally:
        await topic.close()


async def repair(database: Database, topic: SettingsPublisher) -> None:
    """Publish what was stored and not published, for ever: a process died between the two, or Kafka was away."""
    while True:
        try:
            await publish_missing(database, topic)
        except (*UNREACHABLE, KafkaUnavailable) as error:
            log.warning("settings_not_published", reason=repr(error), retry_seconds=REPAIR_SECONDS)
        await asyncio.sleep(REPAIR_SECONDS)


async def publish_missing(database: Database, topic: SettingsPublisher) -> int:
    """Publish each project's settings that may not be on the topic; tells how many."""
    async with database.every_project() as connection:
        records = await settings.unpublished(connection)
    for record in records:
        await topic.publish(record)
        async with database.every_project() as connection:
            await settings.published(connection, record.project, record.version)
    return len(records)


def _headers(record: SettingsRecord) -> list[tuple[str, bytes]]:
    event_id = f"{record.project}:{record.version}"
    return cloud_event(event_id, "project.settings", SOURCE, datetime.now(UTC), record.project)
