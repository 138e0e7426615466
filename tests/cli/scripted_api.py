"""An API over HTTP that says what a test wants, and `revstream` called on it as a person does."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "rsk_of_a_test"
Answers = dict[str, list[tuple[int, Any]]]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> list[Any]:
        """The lines of output, each as JSON."""
        return [json.loads(line) for line in self.output.splitlines()]


@dataclass
class ScriptedApi:
    """Answers by method and path: the next of those listed, the last one again and again."""

    answers: Answers
    url: str = ""
    asked: list[tuple[str, Any, str | None]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Note the request, give what is scripted for it."""
        body: Any = None
        if request.can_read_body:
            body = await (request.json() if request.content_type == "application/json" else request.text())
        name = f"{request.method} {request.path}"
        self.asked.append((name, body, request.headers.get("Authorization")))
        answers = self.answers[name]
        status, content = answers.pop(0) if len(answers) > 1 else answers[0]
        return web.json_response(content, status=status)

    async def revstream(self, *arguments: str, **environment: str) -> Ended:
        """Run a command with the key and address of this API."""
        return await revstream(*arguments, **{"PUBLIC_URL": self.url, "REVSTREAM_API_KEY": KEY} | environment)


async def revstream(*arguments: str, **environment: str) -> Ended:
    """Run a command; nothing of this process's own environment says where a system runs."""
    hidden = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "PUBLIC_URL", "REVSTREAM_", "TOPIC_PARTITIONS", "STRIPE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "libs.cli.main", *arguments),
        env={**kept, "COLUMNS": "200", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return Ended(process.returncode or 0, output.decode(), errors.decode())


@asynccontextmanager
async def scripted_api(**answers: list[tuple[int, Any]]) -> AsyncIterator[ScriptedApi]:
    """Serve on this machine while the block runs."""
    api = ScriptedApi(dict(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    api.url = f"http://127.0.0.1:{port}"
    try:
        yield api
    finally:
        await runner.cleanup()
