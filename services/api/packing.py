"""Answers travel packed where that makes them much smaller and whoever asked can unpack them."""

from aiohttp import web
from aiohttp.web import ContentCoding

SMALLEST_BYTES = 2048
JSON_KINDS = ("application/json", "application/problem+json")


def pack(request: web.Request, response: web.StreamResponse) -> None:
    """Let a long JSON answer be packed as it is sent. What streams is left alone, and so is what is packed already."""
    if not isinstance(response, web.Response) or response.content_type not in JSON_KINDS:
        return
    if not isinstance(response.body, bytes) or len(response.body) < SMALLEST_BYTES:
        return
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("Accept-Encoding", "") and "Content-Encoding" not in response.headers:
        response.enable_compression(ContentCoding.gzip)
