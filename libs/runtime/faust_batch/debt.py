"""What rounds have changed and not told the changelog yet: the last value of each key, told together."""

import time
from collections.abc import Callable, Mapping

from libs.runtime.faust_batch.record import Changes

# How long the changelog may be behind. Told after each round, entries were more requests than all that is published.
DUE_SECONDS = 0.1
MOST_ENTRIES = 500


class Debt:
    """Entries by partition. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = float("inf")
        self._entries: dict[int, dict[bytes, bytes | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def is_due(self) -> bool:
        """Whether the oldest entry has waited long enough, or so many have that they should not wait."""
        waited = self._clock() - self._since
        return waited >= DUE_SECONDS or sum(map(len, self._entries.values())) >= MOST_ENTRIES

    def add(self, partition: int, changes: Changes) -> None:
        """Owe these, too; a key's later value is all that will be told of it."""
        if not changes:
            return
        if not self._entries:
            self._since = self._clock()
        self._entries.setdefault(partition, {}).update(changes)

    def take(self) -> Mapping[int, Changes]:
        """All of it, by partition. Whoever takes it tells it."""
        taken, self._entries, self._since = self._entries, {}, float("inf")
        return taken
