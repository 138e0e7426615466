"""What the API does about clients beside answering: it tells the streams what they have not been told yet."""

from collections.abc import Coroutine

from services.api.asked import Parts
from services.api.directory_topic import DirectoryTopic, repair


def clients_work(parts: Parts) -> tuple[Coroutine[object, object, None], ...]:
    """The tasks, each running until it is cancelled."""
    topic = DirectoryTopic(parts.database, parts.sender, parts.directory_slots)
    return (repair(topic),)
