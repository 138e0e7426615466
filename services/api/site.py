"""The API as an aiohttp application: every request is measured, every failure is a problem."""

import time
from collections.abc import Awaitable, Callable

import asyncpg
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import Histogram

from libs.runtime.health import Readiness, add_routes, hide_server_version
from libs.runtime.metrics import LATENCY_BUCKETS
from libs.runtime.postgres import UNREACHABLE
from services.api.access import Access, Caller
from services.api.asked import Asked, Parts, Route
from services.api.dashboard.pages import add_dashboard
from services.api.dashboard.session import Sessions, authorization
from services.api.handlers.oauth_callback import oauth_callback
from services.api.openapi.pages import add_docs
from services.api.openapi.topic_pages import add_topic_docs
from services.api.packing import pack
from services.api.problems import (
    BAD_REQUEST,
    EXPECTATION_FAILED,
    HOLDS_NUL,
    INTERNAL,
    NO_ROUTE,
    Problem,
    Refused,
    method_not_allowed,
    new_request_id,
    not_now,
    problem_response,
)
from services.api.public import PUBLIC_PATHS, STRIPE_CALLBACK, add_public
from services.api.routes import ROUTES

CALLER = web.RequestKey("caller", Caller)
Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)
request_seconds = Histogram(
    "revstream_api_request_seconds", "Time to answer", ["method", "route", "status"], buckets=LATENCY_BUCKETS
)


def application(parts: Parts, readiness: Readiness) -> web.Application:
    """All routes. Under /api the key is asked before anything else, so that nobody without one learns what exists."""
    app = web.Application(middlewares=[_answered, _known_caller(parts.access)])
    app.on_response_prepare.append(hide_server_version)
    for route in ROUTES:
        _add(app, route, parts)
    add_public(app, STRIPE_CALLBACK, oauth_callback, parts)
    add_dashboard(app, Sessions(parts.access))
    add_docs(app, parts.public_url, parts.webhook_base)
    add_topic_docs(app)
    add_routes(app, readiness)
    app.on_shutdown.append(lambda _app: parts.feed.close())
    return app


def _add(app: web.Application, route: Route, parts: Parts) -> None:
    """GET answers HEAD too."""
    endpoint = _endpoint(route, parts)
    if route.method == "GET":
        app.router.add_get(route.path, endpoint, expect_handler=_expect)
    else:
        app.router.add_route(route.method, route.path, endpoint, expect_handler=_expect)


def _endpoint(route: Route, parts: Parts) -> Endpoint:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        caller = request[CALLER]
        caller.require(route.scope)
        return await route.handler(Asked(request, caller, parts, route.promise))

    return endpoint


def _known_caller(access: Access) -> Middleware:
    @web.middleware
    async def known_caller(request: web.Request, handler: Endpoint) -> web.StreamResponse:
        is_api = request.path == "/api" or request.path.startswith("/api/")
        if is_api and request.path not in PUBLIC_PATHS:
            request[CALLER] = await access.caller(authorization(request))
        return await handler(request)

    return known_caller


@web.middleware
async def _answered(request: web.Request, handler: Endpoint) -> web.StreamResponse:
    """Measure the answer, and make a problem of whatever was raised."""
    started = time.perf_counter()
    request_id = new_request_id()
    try:
        response = await handler(request)
        response.headers["X-Request-Id"] = request_id
        pack(request, response)
    except Exception as error:  # noqa: BLE001 – the edge of every request: what is no problem of ours is logged
        response = problem_response(_problem(error, request, request_id), request_id)
    resource = request.match_info.route.resource
    route = "none" if resource is None else resource.canonical
    request_seconds.labels(request.method, route, response.status).observe(time.perf_counter() - started)
    return response


def _problem(error: Exception, request: web.Request, request_id: str) -> Problem:
    match error:
        case Refused():
            return error.problem
        case web.HTTPException():
            return _routing_problem(error)
        case asyncpg.CharacterNotInRepertoireError() | asyncpg.UntranslatableCharacterError():
            return HOLDS_NUL
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            return not_now("The database's newest schema")
        case _ if isinstance(error, UNREACHABLE):
            log.warning("postgres_unreachable", request_id=request_id, path=request.path, reason=repr(error))
            return not_now("PostgreSQL")
    log.error("request_failed", request_id=request_id, path=request.path, exc_info=error)
    return INTERNAL


def _routing_problem(error: web.HTTPException) -> Problem:
    match error:
        case web.HTTPMethodNotAllowed():
            return method_not_allowed(", ".join(sorted(error.allowed_methods)))
        case web.HTTPNotFound():
            return NO_ROUTE
        case _:
            return BAD_REQUEST


async def _expect(request: web.Request) -> web.StreamResponse | None:
    """Let a body come that its sender holds back until asked for."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        return problem_response(EXPECTATION_FAILED, new_request_id())
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # this was no answer yet
    return None
