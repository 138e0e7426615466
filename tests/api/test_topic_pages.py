"""`/docs/topics`, `/asyncapi.json` and the schemas: public, ours alone, and of one piece."""

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler

from libs.wire.asyncapi import document, encoded
from libs.wire.schemas import RECORDS, schema
from services.api.openapi.pages import FOLDER, add_docs
from services.api.openapi.topic_pages import add_topic_docs
from services.api.problems import Refused, new_request_id, problem_response

Client = TestClient[web.Request, web.Application]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Problems as the API answers them."""
    try:
        return await handler(request)
    except Refused as error:
        return problem_response(error.problem, new_request_id())


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[refusals])
    add_docs(app, "http://here", "http://there")
    add_topic_docs(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_document_is_served_without_a_key(client: Client) -> None:
    answer = await client.get("/asyncapi.json")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert encoded(await answer.json()) == encoded(document())
    again = await client.get("/asyncapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_each_record_has_its_schema(client: Client) -> None:
    for name in RECORDS:
        answer = await client.get(f"/schemas/{name}.json")
        assert answer.content_type == "application/schema+json"
        assert encoded(await answer.json()) == encoded(schema(name))
    assert (await client.get("/schemas/Rumour.json")).status == 404


async def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    answer = await client.get("/docs/topics")
    text = await answer.text()
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert [each for each in loaded if not each.startswith(("/static/", "/docs/page/", "#"))] == []
    for each in (part for part in loaded if part.startswith("/docs/page/")):
        assert (await client.get(each)).status == 200, each


def test_the_page_makes_no_markup_of_text() -> None:
    text = (FOLDER / "topics.js").read_text()
    assert [word for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "http:") if word in text] == []
