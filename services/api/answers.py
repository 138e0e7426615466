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
    prefix = "" if version is None else f"{version}-"
    tag = f'W/"{prefix}{blake2b(msgspec.json.encode(content), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": PRIVATE}
    if _has(request, tag):
        return web.Response(status=HTTPStatus.NOT_MODIFIED.value, headers=headers)
    body = msgspec.json.encode({**fresh.fields(), **content})
    return web.Response(body=body, content_type=JSON, headers=headers)


def _has(request: web.Request, tag: str) -> bool:
    """Weak comparison, as RFC 9110 wants it for If-None-Match."""
    asked = request.headers.get("If-None-Match", "")
    return asked.strip() == "*" or tag.removeprefix("W/") in [
        each.strip().removeprefix("W/") for each in asked.split(",")
    ]
