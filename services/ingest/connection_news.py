"""api tells of changed secrets and connections by NOTIFY, so that a new secret works at once."""

import asyncio
from collections.abc import Callable

import asyncpg

from libs.runtime.postgres import UNREACHABLE

CHANNEL = "revstream_connections"
AGAIN_SECONDS = 5.0
ALIVE_SECONDS = 10.0


async def listen(database_url: str, heard: Callable[[], None]) -> None:
    """Call `heard` at each notification, for ever; connects again by itself. Not heard of: the next full read."""
    while True:
        try:
            await _listen_once(database_url, heard)
        except (*UNREACHABLE, asyncpg.PostgresError):
            await asyncio.sleep(AGAIN_SECONDS)


async def _listen_once(database_url: str, heard: Callable[[], None]) -> None:
    connection = await asyncpg.connect(database_url, timeout=AGAIN_SECONDS, command_timeout=AGAIN_SECONDS)
    try:
        await connection.add_listener(CHANNEL, lambda *_news: heard())
        heard()  # what changed while nobody listened
        while True:
            await asyncio.sleep(ALIVE_SECONDS)
            await connection.execute("SELECT 1")
    finally:
        connection.terminate()
