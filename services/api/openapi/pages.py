"""`/openapi.json`, and `/docs`, a page of our own that shows it and loads nothing from elsewhere. Both are public."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from aiohttp import web

from services.api.dashboard.files import File, file_response, read_files
from services.api.openapi.document import document
from services.api.problems import NO_ROUTE, Refused

PAGE = "index.html"
FOLDER = Path(__file__).parent / "page"


def add_docs(app: web.Application, public_url: str, webhook_base: str) -> None:
    """Serve the document and its page beside the API."""

    async def openapi(request: web.Request) -> web.StreamResponse:
        return file_response(request, _document(public_url, webhook_base))

    async def page(request: web.Request) -> web.StreamResponse:
        return file_response(request, page_files()[PAGE])

    async def part(request: web.Request) -> web.StreamResponse:
        found = page_files().get(request.match_info["part"])
        if found is None:
            raise Refused(NO_ROUTE)
        return file_response(request, found)

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/docs", page)
    app.router.add_get("/docs/page/{part}", part)


@cache
def _document(public_url: str, webhook_base: str) -> File:
    """Made when it is first asked for: an API that nobody reads about starts without it."""
    return File.of_content(msgspec.json.encode(document(public_url, webhook_base)), "application/json")


@cache
def page_files() -> Mapping[str, File]:
    """What the pages are made of."""
    return read_files(FOLDER)
