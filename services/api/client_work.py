"""What the API does about clients beside answering: imports, and telling the streams what they were not told yet."""

from collections.abc import Coroutine

from services.api.asked import Parts
from services.api.directory_topic import DirectoryTopic, repair
from services.api.erasing import Erasing
from services.api.erasing import follow as erasing_work
from services.api.importing.work import Imports, follow


def clients_work(parts: Parts) -> tuple[Coroutine[object, object, None], ...]:
    """The tasks, each running until it is cancelled."""
    topic = DirectoryTopic(parts.database, parts.sender, parts.directory_slots)
    imports = Imports(parts.database, topic, parts.imports)
    erasing = Erasing(parts.database, parts.sender, topic, parts.erasures)
    return (repair(topic), follow(imports), erasing_work(erasing))
