"""`/asyncapi.json`, the schema of each record, and `/docs/topics`, which shows them. None of them takes a key."""

from collections.abc import Mapping
from functools import cache

import msgspec
from aiohttp import web

from libs.wire.asyncapi import document
from libs.wire.schemas import RECORDS, schema
from services.api.dashboard.files import File, file_response
from services.api.openapi.pages import page_files
from services.api.problems import NO_ROUTE, Refused

PAGE = "topics.html"


def add_topic_docs(app: web.Application) -> None:
    """Serve the document, the schemas and the page beside the API's own."""

    async def asyncapi(request: web.Request) -> web.StreamResponse:
        return file_response(request, _document())

    async def record(request: web.Request) -> web.StreamResponse:
        found = _schemas().get(request.match_info["record"])
        if found is None:
            raise Refused(NO_ROUTE)
        return file_response(request, found)

    async def page(request: web.Request) -> web.StreamResponse:
        return file_response(request, page_files()[PAGE])

    app.router.add_get("/asyncapi.json", asyncapi)
    app.router.add_get("/schemas/{record}.json", record)
    app.router.add_get("/docs/topics", page)


@cache
def _document() -> File:
    """Made when it is first asked for, as the API's own."""
    return File.of_content(msgspec.json.encode(document()), "application/json")


@cache
def _schemas() -> Mapping[str, File]:
    made = {name: msgspec.json.encode(schema(name)) for name in RECORDS}
    return {name: File.of_content(content, "application/schema+json") for name, content in made.items()}
