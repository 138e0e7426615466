"""Answers travel packed where that makes them much smaller and whoever asked can unpack them."""

import asyncio
import zlib

from aiohttp import web
from aiohttp.web import ContentCoding

SMALLEST_BYTES = 2048
JSON_KINDS = ("application/json", "application/problem+json")
# Half the time of zlib's usual level, for a hundredth more bytes of what we answer.
LEVEL = 4
AS_GZIP = 16 + zlib.MAX_WBITS
# What takes a millisecond and more is packed beside the loop.
LARGE_BYTES = 64 * 1024


def pack(request: web.Request, response: web.StreamResponse) -> None:
    """Let a long JSON answer be packed as it is sent. What streams is left alone, and so is what is packed already."""
    if not _is_worth_it(response):
        return
    response.headers["Vary"] = "Accept-Encoding"
    if unpacks(request) and "Content-Encoding" not in response.headers:
        response.enable_compression(ContentCoding.gzip)


async def packed(response: web.StreamResponse) -> web.StreamResponse:
    """The answer as it travels to many who can unpack it: packed once for all of them where that is worth it."""
    if not _is_worth_it(response) or "Content-Encoding" in response.headers:
        return response
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    body = response.body
    response.body = _gzip(body) if len(body) < LARGE_BYTES else await asyncio.to_thread(_gzip, body)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def unpacks(request: web.Request) -> bool:
    """Whether whoever asks takes gzip."""
    return "gzip" in request.headers.get("Accept-Encoding", "")


def _is_worth_it(response: web.StreamResponse) -> bool:
    if not isinstance(response, web.Response) or response.content_type not in JSON_KINDS:
        return False
    return isinstance(response.body, bytes) and len(response.body) >= SMALLEST_BYTES


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, LEVEL, AS_GZIP)
