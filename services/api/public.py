"""Addresses under /api that take no key: what allows the request comes with it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from services.api.asked import Parts

STRIPE_CALLBACK = "/api/integrations/stripe/callback"
PUBLIC_PATHS = frozenset({STRIPE_CALLBACK})


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody without a key."""

    request: web.Request
    parts: Parts


VisitHandler: TypeAlias = Callable[[Visit], Awaitable[web.Response]]


def wants_page(request: web.Request) -> bool:
    """Whether a browser follows a link, rather than a program asking for data."""
    return "text/html" in request.headers.get("Accept", "")


def add_public(app: web.Application, path: str, handler: VisitHandler, parts: Parts) -> None:
    """Answer GET at `path`, and GET alone: a browser that looks ahead with HEAD must use nothing up."""

    async def endpoint(request: web.Request) -> web.StreamResponse:
        return await handler(Visit(request, parts))

    app.router.add_get(path, endpoint, allow_head=False)
