"""A listener of the live stream that notes when it first heard of each invoice."""

import asyncio
import time

import aiohttp
import orjson


async def streamed(session: aiohttp.ClientSession, url: str, key: str) -> dict[str, float]:
    """When the first event of each invoice's failure came, until cancelled: then the task's dictionary is final."""
    seen: dict[str, float] = {}
    address, headers = f"{url}/api/alerts/stream?rule=payment_failed", {"Authorization": f"Bearer {key}"}
    forever = aiohttp.ClientTimeout()
    try:
        async with session.get(address, headers=headers, timeout=forever) as response:
            response.raise_for_status()
            async for line in response.content:
                if line.startswith(b"data: "):
                    now = time.monotonic()
                    seen.setdefault(orjson.loads(line[6:]).get("invoice") or "", now)
    except asyncio.CancelledError:
        return seen
    return seen
