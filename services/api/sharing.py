"""Equal questions asked at once share one look at the database.

Whoever asks while the same question is being answered waits for the next look, which begins after they asked: nobody
is told less than what was true when they asked, and however many ask, two looks are under way at most.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus

from aiohttp import web

from services.api.asked import Asked, Handler
from services.api.packing import packed, unpacks

Key = tuple[str, ...]
Look = Callable[[], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Looks:
    """The looks under way, and those that begin after them, by question."""

    running: "dict[Key, asyncio.Task[web.StreamResponse]]" = field(default_factory=dict)
    waiting: "dict[Key, asyncio.Task[web.StreamResponse]]" = field(default_factory=dict)

    async def answer(self, key: Key, look: Look) -> web.StreamResponse:
        """What `look`, or another's equal one that began after this call, gives or raises."""
        running = self.running.get(key)
        if running is None:
            task = self._begin(key, look)
        elif key in self.waiting:
            task = self.waiting[key]
        else:
            task = self.waiting[key] = asyncio.create_task(self._after(running, key, look))
        return await asyncio.shield(task)

    def _begin(self, key: Key, look: Look) -> "asyncio.Task[web.StreamResponse]":
        task = self.running[key] = asyncio.create_task(self._run(key, look))
        return task

    async def _after(self, running: "asyncio.Task[web.StreamResponse]", key: Key, look: Look) -> web.StreamResponse:
        await asyncio.wait([running])
        self.waiting.pop(key, None)
        return await self._begin(key, look)

    async def _run(self, key: Key, look: Look) -> web.StreamResponse:
        try:
            return await look()
        finally:
            self.running.pop(key, None)


def shared(handler: Handler) -> Handler:
    """The handler of a GET whose answer is the same for everyone who asks for the same of the same project."""
    looks = Looks()

    @wraps(handler)
    async def sharing(asked: Asked) -> web.StreamResponse:
        request = asked.request
        coding = "gzip" if unpacks(request) else ""
        key = asked.project, request.path_qs, request.headers.get("If-None-Match", ""), coding

        async def look() -> web.StreamResponse:
            found = await handler(asked)
            return await packed(found) if coding else found

        return _copy(await looks.answer(key, look))

    return sharing


def _copy(response: web.StreamResponse) -> web.StreamResponse:
    """A response can be sent only once."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes | None):
        return response
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    return web.Response(status=HTTPStatus(response.status).value, body=response.body, headers=headers)
