"""The demo as a process, for those who look at it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

STARTED_SECONDS = 120
STOPPED_SECONDS = 30


@dataclass(frozen=True)
class Demo:
    """Where it answers, and the key that it printed."""

    dashboard: str
    api: str
    key: str


@asynccontextmanager
async def running_demo(home: Path, customers: int = 30) -> AsyncIterator[Demo]:
    """The demo with its past played, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "libs.cli.main", "demo", "--json", "--customers", str(customers)),
        env={**os.environ, "REVSTREAM_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(STARTED_SECONDS):
            demo = await _ready(process.stdout)
        reading = asyncio.create_task(process.stdout.read())
        yield demo
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOPPED_SECONDS):
            await process.wait()
        await reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(output: asyncio.StreamReader) -> Demo:
    """Read until the past has been played."""
    demo = None
    async for line in output:
        told = json.loads(line)
        if told["event"] == "ready":
            demo = Demo(told["dashboard"], told["api"], told["key"])
        if demo is not None and str(told.get("message", "")).startswith("the account lives on"):
            return demo
    raise AssertionError("the demo ended before it was ready")
