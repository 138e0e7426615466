"""Which stage of a worker computes first: all of them share one thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# An unhurried stage is not put off for longer, however much the others have to do.
PATIENCE_SECONDS = 0.02


class Precedence:
    """Stages that somebody waits for go `first`; the others `give_way` before each part of a round.

    Without it the parts of both rounds took turns, and the one that was waited for took as long as both.
    """

    def __init__(self) -> None:
        self._computing = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """While the block runs, others wait."""
        self._computing += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._computing -= 1
            if not self._computing:
                self._calm.set()

    async def give_way(self) -> None:
        """Until nobody goes first, or for PATIENCE_SECONDS."""
        if self._computing:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._calm.wait()
