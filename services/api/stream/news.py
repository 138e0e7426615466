"""Is a record of `churn.signals` news, or a repeat of what the log already tells?"""

from dataclasses import dataclass
from datetime import datetime

PROGRESS = {"open": 0, "snoozed": 1, "acknowledged": 1, "resolved": 2}


@dataclass(frozen=True, slots=True)
class Head:
    """A signal as it stood at one change. `place` is the record's partition and offset."""

    updated_at: datetime
    status: str
    digest: bytes
    place: tuple[int, int]


def is_news(head: Head | None, change: Head) -> bool:
    """Whether `change` goes beyond `head`, the last change that was told (None: none was).

    A replay of the topic, and a topic that was written anew from the same events, tell nothing new. Within one instant
    a signal only goes forward, so a repeat opens nothing twice; a detail that changes to and fro within it is news as
    long as the record stands further on in its topic.
    """
    if head is None or change.updated_at != head.updated_at:
        return head is None or change.updated_at > head.updated_at
    if change.status != head.status:
        return PROGRESS.get(change.status, 0) > PROGRESS.get(head.status, 0)
    return change.digest != head.digest and change.place > head.place
