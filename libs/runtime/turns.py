"""Long computations in an event loop that others wait for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

TURN_SECONDS = 0.002

Item = TypeVar("Item")


async def in_turns(items: Iterable[Item], clock: Callable[[], float] = time.monotonic) -> AsyncIterator[Item]:
    """Each item; after TURN_SECONDS that were spent on items whoever waits goes on first. `clock` gives seconds."""
    began = clock()
    for item in items:
        yield item
        if clock() - began >= TURN_SECONDS:
            await asyncio.sleep(0)
            began = clock()
