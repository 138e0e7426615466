"""`projects.settings`: a project's settings, published whole at every change."""

from dataclasses import dataclass
from datetime import UTC, datetime

from libs.wire.codec import encode
from libs.wire.headers import cloud_event
from libs.wire.records import SettingsRecord
from libs.wire.topics import PROJECT_SETTINGS
from services.api.asked import SettingsPublisher
from services.api.database import Database
from services.api.outlet import SOURCE, Outgoing, Sender
from services.api.queries import settings


@dataclass(frozen=True, slots=True)
class SettingsTopic:
    """Publishes through what the API publishes with."""

    sender: Sender

    async def publish(self, record: SettingsRecord) -> None:
        """Return once all replicas have it. Raises KafkaUnavailable; it may have been written all the same."""
        await self.sender.send([_outgoing(record)])


async def publish_missing(database: Database, topic: SettingsPublisher) -> int:
    """Publish each project's settings that may not be on the topic; tells how many."""
    async with database.every_project() as connection:
        records = await settings.unpublished(connection)
    for record in records:
        await topic.publish(record)
        async with database.every_project() as connection:
            await settings.published(connection, record.project, record.version)
    return len(records)


def _outgoing(record: SettingsRecord) -> Outgoing:
    event_id = f"{record.project}:{record.version}"
    headers = cloud_event(event_id, "project.settings", SOURCE, datetime.now(UTC), record.project)
    return Outgoing(PROJECT_SETTINGS.name, record.project.encode(), encode(record), headers)
