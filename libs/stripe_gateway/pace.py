"""How fast an account is read. What several processes share is made elsewhere and keeps to `Budget`."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

# Calls travel for unequal times: evenly sent, one more than allowed would arrive in some seconds.
MARGIN = 1.04
PAUSE_SECONDS = 1.0


def budget_name(account: str, livemode: bool) -> str:
    """Whose calls Stripe counts in one, in whichever projects the account is connected."""
    return f"{account}/{'live' if livemode else 'test'}"


class Budget(Protocol):
    """Gives each call its turn. A resource is the first part of a path, "" all of them."""

    def call(self, resource: str) -> AbstractAsyncContextManager[None]:
        """Wait for a turn; the block is one call."""
        ...

    async def limited(self, resource: str, reason: str) -> None:
        """Stripe says that it is too much: leave the resource alone for a while."""
        ...


class Pace:
    """The budget of one process alone: one call every 1/`per_second` seconds and a little."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._between = MARGIN / per_second
        self._clock = clock
        self._next = float("-inf")

    @asynccontextmanager
    async def call(self, resource: str) -> AsyncIterator[None]:  # noqa: ARG002 – all wait in one line
        """As Budget says."""
        await self.turn()
        yield

    async def limited(self, resource: str, reason: str) -> None:  # noqa: ARG002 – as above
        """As Budget says; all resources rest."""
        self._next = max(self._next, self._clock() + min(PAUSE_SECONDS, 20 * self._between))

    async def turn(self) -> None:
        """Wait for the next free turn."""
        now = self._clock()
        mine = max(now, self._next)
        self._next = mine + self._between
        if mine > now:
            await asyncio.sleep(mine - now)
