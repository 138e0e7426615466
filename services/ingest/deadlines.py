"""One timer for many waits of the same length: a timer for each record would cost more than sending it."""

import asyncio
from collections import deque

SWEEP_SECONDS = 0.2


class Deadlines:
    """Futures that fail with TimeoutError unless they are done in time, give or take a fifth of a second."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def future(self) -> "asyncio.Future[None]":
        """A new future with the deadline."""
        created = self._loop.create_future()
        self._waiting.append((self._loop.time() + self._seconds, created))
        if self._timer is None:
            self._timer = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        return created

    def _sweep(self) -> None:
        now = self._loop.time()
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= now):
            _, late = self._waiting.popleft()
            if not late.done():
                late.set_exception(TimeoutError())
        self._timer = self._loop.call_later(SWEEP_SECONDS, self._sweep) if self._waiting else None
