"""The HTTP edge: aiohttp's server with the limits that it lacks.

aiohttp has no deadline for headers, no count of connections, answers its own errors in plain text and tells its
version. A request without an end must cost its sender more than us.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from libs.runtime.problems import (
    BAD_REQUEST,
    FULL,
    INTERNAL,
    TOO_MANY_CONNECTIONS,
    TOO_SLOW,
    Problem,
    new_request_id,
    problem_response,
    raw_problem,
)
from libs.runtime.whole_request import WholeRequest, whole_request

log = structlog.get_logger(__name__)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
# Takes a request and calls back once with the whole answer, or says False and leaves it to the handler.
Quick = Callable[[WholeRequest, Callable[[bytes], None]], bool]


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """Seconds until a request's headers must be there, and until an idle connection is closed; connections."""

    header_seconds: float = 10.0
    idle_seconds: float = 75.0
    lingering_seconds: float = 2.0
    shutdown_seconds: float = 8.0
    connections_per_address: int = 200
    connections_in_all: int = 4000


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int


class Connections:
    """Counts connections by address, and says when one is too many."""

    def __init__(self, limits: EdgeLimits) -> None:
        self._limits = limits
        self._by_address: Counter[str] = Counter()
        self._in_all = 0

    def opened(self, address: str) -> Problem | None:
        """Count a new connection; what is wrong where there are too many, and it should be closed."""
        self._by_address[address] += 1
        self._in_all += 1
        if self._by_address[address] > self._limits.connections_per_address:
            return TOO_MANY_CONNECTIONS
        return FULL if self._in_all > self._limits.connections_in_all else None

    def closed(self, address: str) -> None:
        """A counted connection has ended."""
        self._in_all -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


class EdgeProtocol(RequestHandler):
    """One connection: headers have a deadline, errors are problems.

    A request that is plain and whole on an idle connection may be answered the quick way: without aiohttp's parser,
    tasks and objects, which cost more than verifying and publishing. What else comes meanwhile waits for the answer.
    """

    __slots__ = (
        "_address",
        "_connections",
        "_header_seconds",
        "_header_timer",
        "_is_clean",
        "_is_quick",
        "_later",
        "_quick",
    )

    def __init__(self, server: "EdgeServer", loop: asyncio.AbstractEventLoop) -> None:
        limits = server.limits
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=limits.idle_seconds,
            lingering_time=limits.lingering_seconds,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to switch it off
            auto_decompress=False,  # a bomb or a broken stream would be unpacked before we see the header
        )
        self._connections = server.open_connections
        self._header_seconds = limits.header_seconds
        self._header_timer: asyncio.TimerHandle | None = None
        self._address = ""
        self._quick = server.quick
        self._is_clean = True
        self._is_quick = False
        self._later = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else "local"
        problem = self._connections.opened(self._address)
        super().connection_made(transport)
        if problem is not None:
            self._refuse(problem)
            return
        self._start_header_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_header_timer()
        self._connections.closed(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not data:  # aiohttp's own way to go on with what its parser holds
            self._received(data)
            return
        if self._is_quick:
            self._put_off(data)
            return
        request = whole_request(data) if self._quick is not None and self._is_clean else None
        if request is None:
            # Where aiohttp's parser may hold a part of a request, nothing is the beginning of one any more.
            self._is_clean = False
        elif self._is_answered(request):
            return
        self._received(data)

    def _put_off(self, data: bytes) -> None:
        self._later += data
        if self.transport is not None:
            self.transport.pause_reading()

    def _is_answered(self, request: WholeRequest) -> bool:
        """Whether the request is answered the quick way: only where aiohttp has nothing to do on this connection."""
        if self._quick is None or self._waiter is None or self._waiter.done() or self._force_close or self._close:
            return False
        self._is_quick = self._request_in_progress = True
        if self._quick(request, self._answered):
            self._stop_header_timer()
            return True
        self._is_quick = self._request_in_progress = False
        return False

    def _answered(self, data: bytes) -> None:
        """Write an answer, and go on as aiohttp does between requests."""
        self._is_quick = self._request_in_progress = False
        if self.transport is not None:
            self.transport.write(data)
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        if self._close or self._force_close or self.transport is None:
            super().close()
            return
        self._keepalive = True
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        if self._later:
            later, self._later = self._later, b""
            self.transport.resume_reading()
            self.data_received(later)

    def _process_keepalive(self) -> None:
        if self._is_quick:
            self._keepalive_handle = None  # it begins anew with the answer
        else:
            super()._process_keepalive()

    def close(self) -> None:
        """Stop after the request in progress."""
        if self._is_quick:
            self._close = True
            return
        super().close()

    def _received(self, data: bytes) -> None:
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
        self._refuse(TOO_SLOW)

    def _refuse(self, problem: Problem) -> None:
        if self.transport is not None:
            self.transport.write(raw_problem(problem))
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  (aiohttp's words for the sender; ours are in the problem)
    ) -> web.StreamResponse:
        """What aiohttp could not read is the sender's fault (400); what a handler raised is ours (500)."""
        request_id = new_request_id()
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, a second one can't follow")
        if status < 500:
            return problem_response(BAD_REQUEST, request_id)
        log.error("request_failed", request_id=request_id, exc_info=exc)
        return problem_response(INTERNAL, request_id)


class EdgeServer(web.Server):
    """aiohttp's low-level server, with connections of our kind. It takes over the handlers of one that aiohttp made."""

    def __init__(self, made: web.Server, limits: EdgeLimits, quick: Quick | None = None) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory)
        self.limits = limits
        self.quick = quick
        self.open_connections = Connections(limits)

    def __call__(self) -> RequestHandler:
        """A new connection's protocol."""
        return EdgeProtocol(self, asyncio.get_running_loop())


class _AppRunner(web.AppRunner):
    """Runs an application behind our edge."""

    def __init__(self, app: web.Application, limits: EdgeLimits) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=limits.shutdown_seconds)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        return EdgeServer(await super()._make_server(), self._limits)


def serving(
    handler: Handler, address: Address, limits: EdgeLimits, quick: Quick | None = None
) -> AbstractAsyncContextManager[int]:
    """Serve one handler of all requests while the block runs; gives the bound port.

    In the end, requests in progress are answered.
    """
    server = EdgeServer(web.Server(handler), limits, quick)
    runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=limits.shutdown_seconds)
    return _running(runner, address)


def serving_app(app: web.Application, address: Address, limits: EdgeLimits) -> AbstractAsyncContextManager[int]:
    """The same for an application."""
    return _running(_AppRunner(app, limits), address)


@asynccontextmanager
async def _running(runner: web.BaseRunner, address: Address) -> AsyncIterator[int]:
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port, backlog=1024).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
