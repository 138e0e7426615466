"""When the clock alone changes a table entry: a discount ends, a snooze, `cancel_at` passes. A queue by instant."""

import heapq
from collections.abc import Callable, Iterator, Mapping

NEVER = 2**62


class ChangesDue:
    """Keys by their next change. A key that was put off is dropped when its old turn comes.

    `next_change_of` tells, in seconds, when the clock changes an entry; NEVER where it doesn't.
    """

    def __init__(self, next_change_of: Callable[[bytes], int]) -> None:
        self._next_change_of = next_change_of
        self._queue: list[tuple[int, bytes]] = []
        self._planned: dict[bytes, int] = {}

    def plan(self, key: bytes, seconds: int) -> None:
        """Note (or, with NEVER, forget) the next change of a key."""
        if seconds == NEVER:
            self._planned.pop(key, None)
        elif self._planned.get(key) != seconds:
            self._planned[key] = seconds
            heapq.heappush(self._queue, (seconds, key))

    def plan_all(self, entries: Mapping[bytes, bytes]) -> None:
        """Find the next changes of entries that were recovered."""
        for key, data in entries.items():
            self.plan(key, self._next_change_of(data))

    def due(self, now: int) -> Iterator[bytes]:
        """Take out the keys whose change has come."""
        while self._queue and self._queue[0][0] <= now:
            seconds, key = heapq.heappop(self._queue)
            if self._planned.get(key) == seconds:
                del self._planned[key]
                yield key
