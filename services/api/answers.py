"""Answers of success: JSON, and for what is asked again and again an ETag, so that no news travels as 304."""

from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus

import msgspec
from aiohttp import web

from services.api.freshness import Freshness

JSON = "application/json"
# Figures belong to whoever has the key: no shared cache may keep them, and one's own must ask again.
PRIVATE = "private, no-cache"
EMPTY = b"{}"


def answer(content: object, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """`content` as JSON. Times are written with Z."""
    return web.Response(
        status=status.value, body=msgspec.json.encode(content), content_type=JSON, headers={"Cache-Control": "no-store"}
    )


def nothing() -> web.Response:
    """Done, and there is nothing to tell."""
    return web.Response(status=HTTPStatus.NO_CONTENT.value)


def figures(
    request: web.Request, content: Mapping[str, object], fresh: Freshness, version: str | None = None
) -> web.Response:
    """`content` with its freshness; 304 where the caller has the same figures. Their age alone is no news.

    `version` begins the ETag, for what callers change.
    """
    told = msgspec.json.encode(content)
    prefix = "" if version is None else f"{version}-"
    tag = f'W/"{prefix}{blake2b(told, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": PRIVATE}
    if _has(request, tag):
        return web.Response(status=HTTPStatus.NOT_MODIFIED.value, headers=headers)
    standing = msgspec.json.encode({name: each for name, each in fresh.fields().items() if name not in content})
    return web.Response(body=_joined(standing, told), content_type=JSON, headers=headers)


def _joined(first: bytes, second: bytes) -> bytes:
    """One JSON object of two: to encode a long content a second time costs as much as to find it."""
    if EMPTY in (first, second):
        return first if second == EMPTY else second
    return first[:-1] + b"," + second[1:]


def _has(request: web.Request, tag: str) -> bool:
    """Weak comparison, as RFC 9110 wants it for If-None-Match."""
    asked = request.headers.get("If-None-Match", "")
    return asked.strip() == "*" or tag.removeprefix("W/") in [
        each.strip().removeprefix("W/") for each in asked.split(",")
    ]
