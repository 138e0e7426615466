"""Somebody's server that receives webhooks, behaves as told, and remembers what it got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from standardwebhooks import Webhook

from deploy.ports import free_port


@dataclass(frozen=True)
class Got:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return orjson.loads(self.body)

    @property
    def signal(self) -> tuple[str, str]:
        data = self.content["data"]
        return data["id"], data["status"]

    def verify(self, secret: str) -> None:
        Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers` by path: a status, `hang`, or a Location to redirect to; 204 by default."""

    url: str
    got: list[Got] = field(default_factory=list)
    answers: dict[str, int | str] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def at(self, path: str) -> list[Got]:
        """What arrived at a path."""
        return [each for each in self.got if each.path == path]

    async def receive(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.path, headers, await request.read()))
        match self.answers.get(request.path, 204):
            case "hang":
                await self.released.wait()
                return web.Response()
            case str() as location:
                return web.Response(status=307, headers={"Location": location})
            case status:
                return web.Response(status=status, text="x" * 5000 if status != 204 else None)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on this machine for the length of a block."""
    app = web.Application()
    port = free_port()
    found = Receiver(f"http://127.0.0.1:{port}")
    app.router.add_post("/{path:.*}", found.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield found
    finally:
        found.released.set()
        await runner.cleanup()
