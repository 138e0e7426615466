"""The references of API and topics in a real browser: they draw all, ask no other host, and keep nobody out."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from deploy.ports import free_port
from libs.wire.schemas import RECORDS
from services.api.dashboard.files import file_response, read_files
from services.api.openapi.document import operations
from services.api.openapi.pages import add_docs
from services.api.openapi.topic_pages import add_topic_docs
from tests.dashboard.browser import watched


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """Where the reference is served with the dashboard's files, without a database behind it."""
    app, port, files = web.Application(), free_port(), read_files()

    async def static(request: web.Request) -> web.StreamResponse:
        return file_response(request, files[request.match_info["path"]])

    add_docs(app, f"http://127.0.0.1:{port}", "http://127.0.0.1:8081")
    add_topic_docs(app)
    app.router.add_get("/static/{path:.+}", static)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def test_the_reference_draws_every_address_and_unfolds_its_answers(browser: Browser, host: str) -> None:
    async with await browser.new_context() as context:
        visitor = await watched(context, host)
        page = visitor.page
        await page.goto(f"{host}/docs#put_client")
        await page.wait_for_selector("#put_client")
        assert await page.locator(".operation").count() == len(operations()) + 1  # and where Stripe sends webhooks
        await page.locator("#put_client .answer summary").first.click()
        await page.locator("#put_client .answer .schema").first.wait_for()
        await page.get_by_label("Find an address").fill("personal-data")
        assert await page.locator("nav li:visible").count() == 1
        violations = (await Axe().run(page)).response["violations"]
    assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []
    assert (visitor.errors, visitor.foreign) == ([], [])


async def test_the_topics_draw_every_record(browser: Browser, host: str) -> None:
    async with await browser.new_context() as context:
        visitor = await watched(context, host)
        page = visitor.page
        await page.goto(f"{host}/docs/topics#SignalRecord")
        await page.wait_for_selector("#SignalRecord")
        assert await page.locator("article").count() == len(RECORDS)
        await page.locator("#StripeRecord summary", has_text="Headers").click()
        await page.locator("#StripeRecord code", has_text="ce_subject").wait_for()
        violations = (await Axe().run(page)).response["violations"]
    assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == []
    assert (visitor.errors, visitor.foreign) == ([], [])
