"""The live stream as a listener reads it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from tests.api.calling import Api

STREAM = "/api/alerts/stream"


@dataclass(frozen=True)
class Event:
    """One event; `kind` empty: only the position was told."""

    id: int | None
    kind: str
    data: Any

    @property
    def signal(self) -> str:
        return str(self.data["id"])


class Listening:
    """An open stream. `position` is what a browser would send as Last-Event-ID."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.position: int | None = None

    async def event(self, seconds: float = 5) -> Event:
        """The next event of a kind."""
        async with asyncio.timeout(seconds):
            while not (event := await self.block()).kind:
                pass
        return event

    async def events(self, count: int) -> list[Event]:
        return [await self.event() for _ in range(count)]

    async def block(self) -> Event:
        """The next block, heartbeats included. Raises EOFError at the stream's end."""
        fields: dict[str, str] = {}
        while line := (await self._line()).rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        found = Event(
            int(fields["id"]) if "id" in fields else None,
            fields.get("event", "") if "data" in fields else "",
            orjson.loads(fields["data"]) if "data" in fields else None,
        )
        self.position = self.position if found.id is None else found.id
        return found

    async def _line(self) -> str:
        line = await self.response.content.readline()
        if not line:
            raise EOFError
        return line.decode()


@asynccontextmanager
async def listening(api: Api, query: str = "", since: int | None = None) -> AsyncIterator[Listening]:
    """A stream that has begun."""
    headers = {"Authorization": f"Bearer {api.key}"}
    if since is not None:
        headers["Last-Event-ID"] = str(since)
    async with api.session.get(f"{api.url}{STREAM}{query}", headers=headers) as response:
        assert response.status == 200
        found = Listening(response)
        await found.block()
        yield found
