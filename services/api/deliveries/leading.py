"""Of several API processes one delivers: the one whose connection holds the lock. Another takes over when it dies.

Everything that waits is in PostgreSQL, so whoever takes over goes on where the last one stopped. Should two believe to
lead for a moment, something may be sent twice, never not at all.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import structlog

from libs.runtime.postgres import UNREACHABLE
from services.api.read_model.leadership import TRY_AGAIN_SECONDS, pause

DELIVERY_LOCK = 7_305_817_366_204_513
HELD_SECONDS = 1.0
# Between two goes of a duty: signals come singly, and each go asks PostgreSQL several times.
REST_SECONDS = 0.2
SESSION = {
    "application_name": "revstream-api-deliveries",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# The schema may be older than this program for a moment, while it is being brought up to date.
WAITED_OUT = (*UNREACHABLE, asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that only the leader does: when woken, a moment after the last time, and every so many seconds.

    What it can't do for a while (`waits_out`) is waited out; any other error ends the process loudly.
    """

    name: str
    work: Callable[[], Awaitable[object]]
    every_seconds: float
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    waits_out: tuple[type[Exception], ...] = WAITED_OUT


async def lead(
    database_url: str, duties: Sequence[Duty], stop: asyncio.Event, lost: Callable[[], Awaitable[None]]
) -> None:
    """Do the duties whenever this process leads, until asked to stop; `lost` is called when it leads no more."""
    while not stop.is_set():
        try:
            async with _leadership(database_url, stop) as held:
                if held is not None:
                    logger.info("deliveries_lead")
                    try:
                        await _do(duties, held, stop)
                    finally:
                        await lost()
        except UNREACHABLE as error:
            logger.warning("deliveries_interrupted", reason=repr(error))
            await pause(stop, TRY_AGAIN_SECONDS)


async def _do(duties: Sequence[Duty], held: "asyncpg.Connection[asyncpg.Record]", stop: asyncio.Event) -> None:
    tasks = [asyncio.create_task(_repeat(duty)) for duty in duties]
    try:
        while not stop.is_set():
            await held.fetchval("SELECT 1")
            done, _ = await asyncio.wait(tasks, timeout=0)
            for task in done:
                task.result()
            await pause(stop, HELD_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _repeat(duty: Duty) -> None:
    while True:
        duty.wake.clear()
        try:
            await duty.work()
        except duty.waits_out as error:
            logger.warning("duty_interrupted", duty=duty.name, reason=repr(error))
            await asyncio.sleep(HELD_SECONDS)
        await asyncio.sleep(REST_SECONDS)
        try:
            async with asyncio.timeout(duty.every_seconds):
                await duty.wake.wait()
        except TimeoutError:
            continue


@asynccontextmanager
async def _leadership(
    database_url: str, stop: asyncio.Event
) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record] | None]":
    connection = await asyncpg.connect(database_url, timeout=5, command_timeout=10, server_settings=SESSION)
    try:
        yield connection if await _led(connection, stop) else None
    finally:
        connection.terminate()


async def _led(connection: "asyncpg.Connection[asyncpg.Record]", stop: asyncio.Event) -> bool:
    while not stop.is_set():
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", DELIVERY_LOCK):
            return True
        await pause(stop, TRY_AGAIN_SECONDS)
    return False
