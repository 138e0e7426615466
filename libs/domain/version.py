"""When an object looked how: versions, and the one order that any sequence of deliveries leads to."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Generic, TypeVar

from libs.domain.identity import EventId

Content = TypeVar("Content")


class Rank(IntEnum):
    """Which of two versions of the same second is the later one.

    A terminal state (canceled, deleted) outranks an update, an update outranks a mere notice
    (`trial_will_end` and its like), a notice outranks a create, an event outranks a snapshot.
    """

    SNAPSHOT = 0
    CREATE = 1
    NOTICE = 2
    UPDATE = 3
    TERMINAL_SNAPSHOT = 4
    TERMINAL = 5


@dataclass(frozen=True, slots=True)
class Version(Generic[Content]):
    """One object as one event or snapshot showed it.

    `digest` is a fingerprint of `content`; `previous` is the fingerprint of what the object was just before, where
    the event tells (`previous_attributes`). `event` is None for a snapshot.
    """

    at: datetime
    rank: Rank
    content: Content
    digest: bytes
    previous: bytes | None = None
    event: EventId | None = None
