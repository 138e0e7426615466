"""The API as a process of its own on tables that are filled already: no broker has to be there."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from deploy.ports import free_port
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key

STARTED_SECONDS = 30


@asynccontextmanager
async def served(database_url: str, project: str) -> AsyncIterator[tuple[str, str]]:
    """Its address, and a key of the project; until the block ends."""
    key = await issue_at(database_url, KeyRequest(project, "bench", [Scope.ADMIN]))
    port, health = free_port(), free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REVSTREAM_ENCRYPTION_KEYS": generate_key(),
        "API_PORT": str(port),
        "API_HEALTH_PORT": str(health),
        "LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.api", env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        await _answers(base)
        yield base, key.key
    finally:
        process.terminate()
        await process.wait()


async def _answers(base: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(STARTED_SECONDS):
        while True:
            try:
                async with session.get(f"{base}/healthz"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
