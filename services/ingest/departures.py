"""When records leave for the broker: at once where they are few or many, some together in between."""

import asyncio
from collections.abc import Callable


class Departures:
    """Instants at least `seconds` apart, the same for all partitions: what leaves at one of them is one request to the
    broker, and what comes of it one round for everybody behind it. A crowd does not wait: it travels together anyway.
    """

    def __init__(self, seconds: float, is_crowded: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._is_crowded = is_crowded
        self._clock = asyncio.get_running_loop().time
        self._next = float("-inf")

    async def leave(self) -> None:
        """Wait for the next one; not at all where the last one is long enough ago."""
        now = self._clock()
        if self._is_crowded():
            return
        if now >= self._next + self._seconds:
            self._next = now
        elif now >= self._next:
            self._next += self._seconds
        if now < self._next:
            await asyncio.sleep(self._next - now)
