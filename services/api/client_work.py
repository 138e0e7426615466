"""What the API does about clients beside answering: it imports, tells the streams what is new, forgets the old."""

from collections.abc import Coroutine

from libs.wire.topics import CLIENT_DIRECTORY
from services.api import retention
from services.api.asked import Parts
from services.api.directory_topic import DirectoryTopic
from services.api.erasing import Erasing
from services.api.erasing import follow as erasing_work
from services.api.importing.work import Imports, follow
from services.api.repairing import repair


def clients_work(parts: Parts) -> tuple[Coroutine[object, object, None], ...]:
    """The tasks, each running until it is cancelled."""
    topic = DirectoryTopic(parts.database, parts.sender, parts.directory_slots)
    imports = Imports(parts.database, topic, parts.imports)
    erasing = Erasing(parts.database, parts.sender, topic, parts.erasures)
    return (
        repair(CLIENT_DIRECTORY.name, topic.publish_all),
        follow(imports),
        erasing_work(erasing),
        retention.follow(parts.database),
    )
