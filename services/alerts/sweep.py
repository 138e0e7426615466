"""What fires because time passed: every half second the clients whose time has come are looked at again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.alerts.app import Topology

TICK_SECONDS = 0.5


@asynccontextmanager
async def sweeping(topology: Topology) -> AsyncIterator[None]:
    """Sweep while the block runs."""
    task = asyncio.create_task(_sweep(topology))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sweep(topology: Topology) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        topology.sweep()
