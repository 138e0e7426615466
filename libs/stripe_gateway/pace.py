"""How fast an account is read: evenly, so that no second holds more calls than allowed.

Of one process; a pace shared by several belongs here.
"""

import asyncio
import time
from collections.abc import Callable

# Calls travel for unequal times: evenly sent, one more than allowed would arrive in some seconds.
MARGIN = 1.04


class Pace:
    """Gives each call a turn, one every 1/`per_second` seconds and a little."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._between = MARGIN / per_second
        self._clock = clock
        self._next = float("-inf")

    async def turn(self) -> None:
        """Wait for the next free turn."""
        now = self._clock()
        mine = max(now, self._next)
        self._next = mine + self._between
        if mine > now:
            await asyncio.sleep(mine - now)
