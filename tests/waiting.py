"""Wait for a condition instead of for a time."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path


async def until(condition: Callable[[], bool], deadline: float = 10, what: str = "the condition") -> None:
    """Return when `condition()` is true; fail the test if it isn't within `deadline` seconds."""
    try:
        async with asyncio.timeout(deadline):
            while not condition():  # noqa: ASYNC110 – it may be another process's state, which has no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not come true within {deadline} s") from None


def is_running(pid: int) -> bool:
    """Does this process exist, and is more than a zombie?"""
    if not Path("/proc/self").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
