"""Wait for a condition instead of for a time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], deadline: float = 10, what: str = "the condition") -> None:
    """Return when `condition()` is true; fail the test if it isn't within `deadline` seconds."""
    try:
        async with asyncio.timeout(deadline):
            while not condition():  # noqa: ASYNC110 – it may be another process's state, which has no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not come true within {deadline} s") from None
