"""The API's edge: the application behind the limits that aiohttp lacks."""

from contextlib import AbstractAsyncContextManager

from aiohttp import web

from libs.runtime.edge import Address, EdgeLimits, serving_app

__all__ = ["LIMITS", "Address", "EdgeLimits", "site"]

LIMITS = EdgeLimits(shutdown_seconds=5.0)


def site(app: web.Application, address: Address, limits: EdgeLimits = LIMITS) -> AbstractAsyncContextManager[int]:
    """Serve `app` while the block runs; gives the bound port. In the end, requests in progress are answered."""
    return serving_app(app, address, limits)
