"""`/healthz` (the process lives), `/readyz` (its dependencies answer) and `/metrics`, on a port of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from libs.runtime import metrics

CHECK_DEADLINE_SECONDS = 3.0
ANSWER_KEPT_SECONDS = 1.0  # a flood of questions must not become a flood of questions to Kafka


@dataclass(frozen=True, slots=True)
class Check:
    """A question to one dependency. One that is not `required` is shown as degraded and doesn't end readiness."""

    name: str
    answers: Callable[[], Awaitable[bool]]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks said: `ok`, `failing` or `degraded` by name."""

    ready: bool
    checks: dict[str, str]


class Readiness:
    """Asks all checks at once, each with a deadline; an answer is kept for a second."""

    def __init__(self, *checks: Check) -> None:
        self._checks = checks
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._report = Report(ready=False, checks={})

    async def report(self) -> Report:
        """The present state of the dependencies, at most a second old."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._asked_at > ANSWER_KEPT_SECONDS:
                self._report = await self._ask()
                self._asked_at = now
            return self._report

    async def _ask(self) -> Report:
        good = await asyncio.gather(*(_holds(check) for check in self._checks))
        states = {check.name: _state(check, well) for check, well in zip(self._checks, good, strict=True)}
        return Report(ready="failing" not in states.values(), checks=states)


async def _holds(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check.answers(), CHECK_DEADLINE_SECONDS)
    except (TimeoutError, OSError):
        return False


def _state(check: Check, well: bool) -> str:
    if well:
        return "ok"
    return "failing" if check.required else "degraded"


def add_routes(app: web.Application, readiness: Readiness) -> None:
    """Give an app the three paths."""

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def ready(_request: web.Request) -> web.Response:
        report = await readiness.report()
        status = 200 if report.ready else 503
        return web.json_response({"ready": report.ready, "checks": report.checks}, status=status)

    async def measured(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.page(), headers={"Content-Type": metrics.PAGE_TYPE})

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", measured)


async def hide_server_version(_request: web.Request, response: web.StreamResponse) -> None:
    """An `on_response_prepare` hook: aiohttp would tell its own and Python's version."""
    response.headers["Server"] = "revstream"


@asynccontextmanager
async def health_site(readiness: Readiness, host: str, port: int) -> AsyncIterator[int]:
    """Serve the three paths while the block runs; gives the bound port (useful with port 0)."""
    app = web.Application()
    app.on_response_prepare.append(hide_server_version)
    add_routes(app, readiness)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
