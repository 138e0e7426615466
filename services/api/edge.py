"""The HTTP edge: aiohttp's server with a deadline for headers, and with its own errors as problems too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from services.api.problems import BAD_REQUEST, INTERNAL, TOO_SLOW, new_request_id, problem_response, raw_problem

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """Seconds until a request's headers must be there, an idle connection is closed, a request must end at a stop."""

    header_seconds: float = 10.0
    idle_seconds: float = 75.0
    shutdown_seconds: float = 5.0


class EdgeProtocol(RequestHandler):
    """One connection: headers have a deadline, errors are problems."""

    __slots__ = ("_header_seconds", "_header_timer")

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop, limits: EdgeLimits) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=limits.idle_seconds,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
            auto_decompress=False,  # a bomb or a broken stream would be unpacked before we see the header
        )
        self._header_seconds = limits.header_seconds
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start_header_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_header_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Before the first request aiohttp's loop may not wait yet; the timer of connection_made runs then.
        waits = self._waiter is not None and not self._waiter.done()
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            self._stop_header_timer()
        elif waits and self._header_timer is None and data:
            self._start_header_timer()

    def _start_header_timer(self) -> None:
        self._header_timer = self._loop.call_later(self._header_seconds, self._headers_too_late)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_too_late(self) -> None:
        self._header_timer = None
        if self.transport is not None:
            self.transport.write(raw_problem(TOO_SLOW))
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  (aiohttp's words for the sender; ours are in the problem)
    ) -> web.StreamResponse:
        """What aiohttp could not read is the sender's fault (400); what fails outside of the handlers is ours (500)."""
        request_id = new_request_id()
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, a second one can't follow")
        if status < 500:
            return problem_response(BAD_REQUEST, request_id)
        log.error("request_failed", request_id=request_id, exc_info=exc)
        return problem_response(INTERNAL, request_id)


class EdgeServer(web.Server):
    """aiohttp's low-level server with connections of our kind. It takes the handlers that aiohttp made for the app."""

    def __init__(self, made: web.Server, limits: EdgeLimits) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory)
        self._limits = limits

    def __call__(self) -> RequestHandler:
        """A new connection's protocol."""
        return EdgeProtocol(self, asyncio.get_running_loop(), self._limits)


class EdgeRunner(web.AppRunner):
    """Runs an application behind our edge."""

    def __init__(self, app: web.Application, limits: EdgeLimits) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=limits.shutdown_seconds)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        return EdgeServer(await super()._make_server(), self._limits)


@asynccontextmanager
async def site(app: web.Application, address: Address, limits: EdgeLimits = EdgeLimits()) -> AsyncIterator[int]:
    """Serve `app` while the block runs; gives the bound port. In the end, requests in progress are answered."""
    runner = EdgeRunner(app, limits)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port, backlog=1024).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
