"""From start to a clean end: SIGTERM or SIGINT asks the service to stop, a deadline makes sure that it does."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop

GRACE_SECONDS = 25.0  # a supervisor kills after 30
CANCELLED_SECONDS = 3.0

Service = Callable[[asyncio.Event], Awaitable[None]]
log = structlog.get_logger(__name__)


def run(service: Service, grace_seconds: float = GRACE_SECONDS) -> int:
    """Run a service until it ends or a signal asks it to; gives the process's exit code.

    The service takes an event that is set when it should stop, and releases what it holds (in an AsyncExitStack)
    before it returns. 0: it ended cleanly. 1: it didn't end within the grace and was cancelled.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_stopped(service, grace_seconds))


async def until_stopped(service: Service, grace_seconds: float) -> int:
    """As `run`, inside a running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    working = asyncio.ensure_future(service(stop))
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            log.info("stopping", grace_seconds=grace_seconds)
            await asyncio.wait({working}, timeout=grace_seconds)
        return await _outcome(working)
    finally:
        asked.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _outcome(working: asyncio.Future[None]) -> int:
    if working.done():
        working.result()
        log.info("stopped")
        return 0
    log.error("stop_deadline_passed", hint="what is still open is cut off; unacknowledged work is done again")
    working.cancel()
    await asyncio.wait({working}, timeout=CANCELLED_SECONDS)
    return 1
