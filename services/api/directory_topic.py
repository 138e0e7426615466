"""`clients.directory`: what is stored of the directory and not yet published, told to the streams in order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.topics import CLIENT_DIRECTORY
from services.api.database import Database
from services.api.outlet import SOURCE, Outgoing, Sender
from services.api.queries import directory
from services.api.queries.directory import Change

AT_ONCE = 500
# Publishing holds a connection while it waits for Kafka; the others are for those who only read.
MOST_AT_A_TIME = 3


@dataclass(frozen=True, slots=True)
class DirectoryTopic:
    """Publishes rows that are held while they are sent: of two versions of a client the newer is always sent last."""

    database: Database
    sender: Sender
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_A_TIME))

    async def publish(self, project: str | None = None, clients: Sequence[str] | None = None) -> int:
        """Publish up to AT_ONCE changes that are not yet, of these clients or any; tells how many. A process that dies
        half-way leaves them unpublished. Raises KafkaUnavailable."""
        async with self.slots, self.database.every_project() as connection:
            changes = await directory.unpublished(connection, project, clients, AT_ONCE)
            if changes:
                await self.sender.send([outgoing(each) for each in changes])
                await directory.published(connection, changes)
        return len(changes)

    async def publish_all(self, project: str | None = None) -> int:
        """Publish whatever is not published yet; tells how many. Raises KafkaUnavailable."""
        count = 0
        while published := await self.publish(project):
            count += published
        return count


def outgoing(change: Change) -> Outgoing:
    """The record of a change, a tombstone for a client that is gone."""
    subject = f"{change.project}/{change.client}"
    headers = cloud_event(f"{subject}:{change.version}", "client.directory", SOURCE, change.updated_at, subject)
    value = None if change.record is None else encode(change.record)
    return Outgoing(CLIENT_DIRECTORY.name, record_key(change.project, change.client), value, headers)
