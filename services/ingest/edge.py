"""The public edge: one handler behind the limits that aiohttp lacks."""

from contextlib import AbstractAsyncContextManager

from libs.runtime.edge import Address, EdgeLimits, serving
from services.ingest.quick import QuickWay
from services.ingest.webhook import Webhook

__all__ = ["Address", "EdgeLimits", "public_site"]


def public_site(webhook: Webhook, address: Address, limits: EdgeLimits) -> AbstractAsyncContextManager[int]:
    """Serve `webhook` while the block runs; gives the bound port. In the end, requests in progress are answered."""
    return serving(webhook, address, limits, QuickWay(webhook))
