"""The public edge: one handler behind the limits that aiohttp lacks."""

from contextlib import AbstractAsyncContextManager

from libs.runtime.edge import Address, EdgeLimits, Handler, serving

__all__ = ["Address", "EdgeLimits", "public_site"]


def public_site(handler: Handler, address: Address, limits: EdgeLimits) -> AbstractAsyncContextManager[int]:
    """Serve `handler` while the block runs; gives the bound port. In the end, requests in progress are answered."""
    return serving(handler, address, limits)
