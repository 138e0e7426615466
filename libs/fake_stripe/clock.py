"""A clock that moves only when told to, and the work that falls due while it moves."""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime


class Clock:
    """Whole Unix seconds, as Stripe's `created` fields have."""

    def __init__(self, start: datetime) -> None:
        self._now = int(start.timestamp())

    @property
    def now(self) -> int:
        """Seconds since 1970."""
        return self._now

    @property
    def moment(self) -> datetime:
        """The same as an aware UTC time."""
        return datetime.fromtimestamp(self._now, UTC)

    def move_to(self, second: int) -> None:
        """Move forwards; raises ValueError for a time before now."""
        if second < self._now:
            raise ValueError(f"the clock stands at {self._now} and can't go back to {second}: pass a later time")
        self._now = second


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """What falls due: a kind of work on one object. Equal times keep the order of setting."""

    at: int
    order: int
    kind: str = field(compare=False)
    object_id: str = field(compare=False)


class Timers:
    """All that is scheduled. Work that no longer applies is told apart by who receives it."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._set = 0

    def add(self, at: int, kind: str, object_id: str) -> None:
        """Schedule work of a kind on an object."""
        self._set += 1
        heapq.heappush(self._heap, Timer(at, self._set, kind, object_id))

    def pop_due(self, until: int) -> Timer | None:
        """Give the earliest timer at or before a second, or None."""
        if self._heap and self._heap[0].at <= until:
            return heapq.heappop(self._heap)
        return None
