"""Ctrl-C and SIGTERM: a command that serves ends cleanly, whatever it is doing."""

import asyncio
import signal
from collections.abc import Awaitable, Callable


class Stop:
    """What a signal asks for. Work that waits here ends by itself; work that doesn't yet is cancelled."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._listening = False

    async def wait(self) -> None:
        """Serve until a signal comes."""
        self._listening = True
        await self._asked.wait()

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> bool:
        """Note the wish; True when somebody heard it who wasn't asked before."""
        heard = self._listening and not self.is_asked
        self._asked.set()
        return heard


async def interruptible(work: Callable[[Stop], Awaitable[None]]) -> None:
    """Run `work` until it ends; SIGINT and SIGTERM ask it to stop, a second one (or one during its start) cancels it.

    What was started is stopped in any case: the blocks that it stands in are left.
    """
    stop = Stop()
    working = asyncio.ensure_future(work(stop))

    def asked() -> None:
        if not stop.ask():
            working.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        await working
    except asyncio.CancelledError:
        if not stop.is_asked:
            raise
