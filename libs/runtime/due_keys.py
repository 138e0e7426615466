"""Which table entries the clock alone changes next: a queue of keys by instant."""

import heapq
from collections.abc import Iterator

NEVER = 2**62


class DueKeys:
    """Keys by the second of their next change. A key that was put off is dropped when its old turn comes."""

    def __init__(self) -> None:
        self._queue: list[tuple[int, bytes]] = []
        self._planned: dict[bytes, int] = {}

    def plan(self, key: bytes, seconds: int) -> None:
        """Note (or, with NEVER, forget) the next change of a key."""
        if seconds == NEVER:
            self._planned.pop(key, None)
        elif self._planned.get(key) != seconds:
            self._planned[key] = seconds
            heapq.heappush(self._queue, (seconds, key))

    def due(self, now: int) -> Iterator[bytes]:
        """Take out the keys whose change has come."""
        while self._queue and self._queue[0][0] <= now:
            seconds, key = heapq.heappop(self._queue)
            if self._planned.get(key) == seconds:
                del self._planned[key]
                yield key
