"""Long computations in an event loop that others wait for."""

import asyncio
import time
from collections.abc import Callable

TURN_SECONDS = 0.002


class Turns:
    """Call `give_way` between the parts of a computation: whoever waits goes on after a turn, not after all of it.

    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()

    async def give_way(self) -> None:
        """Let others go on, if this turn has lasted for TURN_SECONDS."""
        if self._clock() - self._began >= TURN_SECONDS:
            await asyncio.sleep(0)
            self._began = self._clock()
