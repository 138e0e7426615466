"""One connection that listens: a bounded line of events, dropped rather than grown."""

import asyncio
from collections import deque
from collections.abc import Sequence

from services.api.stream.frames import Frame, Wanted

MOST_WAITING = 1000
TOO_SLOW, STOPPING = "too_slow", "server_stopping"


class Listener:
    """What the project's reader offers and the connection takes, from the number `joined_at` on.

    `position` is the last number that was looked at.
    """

    def __init__(self, wanted: Wanted, position: int, most_waiting: int = MOST_WAITING) -> None:
        self.ended: str | None = None
        self.joined_at = position
        self.position = position
        self._wanted = wanted
        self._most_waiting = most_waiting
        self._waiting: deque[bytes] = deque()
        self._news = asyncio.Event()

    def offer(self, frames: Sequence[Frame]) -> None:
        """Put the wanted ones in line. With too many waiting the listener is ended and its line let go."""
        news = [each for each in frames if each.seq > self.position]
        if self.ended is not None or not news:
            return
        self._waiting.extend(each.data for each in news if self._wanted.matches(each.logged))
        self.position = news[-1].seq
        if len(self._waiting) > self._most_waiting:
            self.end(TOO_SLOW)
        elif self._waiting:
            self._news.set()

    def skip_to(self, seq: int) -> None:
        """The caller has seen this much, from a process that was ahead of this one."""
        self.position = max(self.position, seq)

    def end(self, reason: str) -> None:
        """Nothing more will come."""
        if self.ended is None:
            self.ended = reason
            self._waiting.clear()
            self._news.set()

    async def take(self, seconds: float) -> bytes:
        """What is in line, as soon as there is something; empty after so many seconds without, or at the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return b""
        self._news.clear()
        taken = b"".join(self._waiting)
        self._waiting.clear()
        return taken
