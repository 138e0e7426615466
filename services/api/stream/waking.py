"""Hears on a connection of its own that a log has grown, whichever process wrote it."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from libs.runtime.postgres import UNREACHABLE
from services.api.read_model.leadership import pause
from services.api.stream.log import CHANNEL

AGAIN_SECONDS = 1.0
ALIVE_SECONDS = 5.0
KEEP_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

Wake = Callable[[str, int | None], None]
logger = structlog.get_logger(__name__)


async def hear(database_url: str, wake: Wake, stop: asyncio.Event) -> None:
    """Call `wake` with each project whose log has grown and its newest number (None: something else is due), until
    asked to stop. PostgreSQL away: tries again."""
    while not stop.is_set():
        try:
            await _hear(database_url, wake, stop)
        except UNREACHABLE as error:
            logger.warning("stream_not_heard", reason=repr(error), retry_seconds=AGAIN_SECONDS)
            await pause(stop, AGAIN_SECONDS)


async def _hear(database_url: str, wake: Wake, stop: asyncio.Event) -> None:
    def heard(_connection: Any, _pid: int, _channel: str, told: object) -> None:
        project, _, newest = str(told).partition(" ")
        wake(project, int(newest) if newest else None)

    settings = {"application_name": "revstream-api-stream", **KEEP_ALIVE}
    connection = await asyncpg.connect(database_url, timeout=5, command_timeout=10, server_settings=settings)
    try:
        await connection.add_listener(CHANNEL, heard)
        while not stop.is_set():
            await connection.fetchval("SELECT 1")
            await pause(stop, ALIVE_SECONDS)
    finally:
        connection.terminate()
