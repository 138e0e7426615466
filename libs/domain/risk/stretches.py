"""Stretches of an object's history in which something holds."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Generic, TypeVar

from libs.domain.identity import EventId
from libs.domain.value import value
from libs.domain.version import Version

Content = TypeVar("Content")


@value(frozen=True, slots=True)
class Stretch(Generic[Content]):
    """Versions in a row, the one before them and the one after them."""

    versions: tuple[Version[Content], ...]
    before: Version[Content] | None
    after: Version[Content] | None

    @property
    def first(self) -> Version[Content]:
        return self.versions[0]

    @property
    def last(self) -> Version[Content]:
        return self.versions[-1]


def stretches(versions: Sequence[Version[Content]], holds: Callable[[Content], object]) -> Iterator[Stretch[Content]]:
    """The longest stretches of versions with the same true answer of `holds`, oldest first."""
    place = 0
    for answer, group in groupby(versions, key=lambda version: holds(version.content)):
        found = tuple(group)
        before = versions[place - 1] if place else None
        place += len(found)
        if answer:
            yield Stretch(found, before, versions[place] if place < len(versions) else None)


def events_of(*versions: Version[Content] | None) -> tuple[EventId, ...]:
    """The events that told these versions, each once."""
    told = (version.event for version in versions if version is not None)
    return tuple(dict.fromkeys(event for event in told if event is not None))
