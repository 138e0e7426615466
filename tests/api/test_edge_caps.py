"""The API's edge takes so many connections and tells the others to come again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from services.api.edge import Address, EdgeLimits, site


@asynccontextmanager
async def open_connections(port: int, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """So many connections that say nothing."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.close()


@pytest.mark.parametrize(
    ("limits", "status"),
    [(EdgeLimits(connections_per_address=2), b"429"), (EdgeLimits(connections_in_all=2), b"503")],
    ids=["of one address", "in all"],
)
async def test_one_connection_too_many_is_told_when_to_try_again(limits: EdgeLimits, status: bytes) -> None:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(site(web.Application(), Address("127.0.0.1", 0), limits))
        *_, last = await stack.enter_async_context(open_connections(port, 3))
        told = await asyncio.wait_for(last.read(), 5)
    assert told.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nRetry-After: 5\r\n" in told
    assert b"application/problem+json" in told
