"""What pages look like where not all is well: nothing there yet, slow, failed, behind, signed out, very long names."""

import csv
import io
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Browser, Page, Route

from tests.dashboard.browser import Watched, settled, sign_in, signed_in
from tests.dashboard.demo import Demo
from tests.dashboard.screenshots import LOOKS
from tests.dashboard.test_pages import WRONG, barriers

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

AWAY = {"title": "Service Unavailable", "status": 503, "detail": "PostgreSQL can't be reached.", "code": "unavailable",
        "request_id": "req_1", "hint": "Ask again in a moment."}  # fmt: skip
PAGES = ("/", "/clients", "/alerts", "/cohorts", "/cancellations", "/payments", "/mapping", "/integration")
Change = Callable[[dict[str, object]], None]


async def answered(page: Page, path: str, change: Change) -> None:
    """Let the page have another answer than the API's at `path`."""

    async def fulfil(route: Route) -> None:
        answer = await route.fetch()
        content = json.loads(await answer.text())
        change(content)
        await route.fulfill(response=answer, json=content)

    await page.route(lambda url: urlsplit(url).path == path, fulfil)


def refuse(status: int) -> Callable[[Route], Awaitable[None]]:
    """Answers with a problem of this status."""

    async def fulfil(route: Route) -> None:
        await route.fulfill(status=status, json={**AWAY, "status": status}, content_type="application/problem+json")

    return fulfil


async def test_a_project_without_anything_says_on_each_page_what_to_do(visit: Watched, demo: Demo) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {demo.key}"}) as session,
        session.post(f"{demo.api}/api/projects", json={"name": "Nothing yet"}) as response,
    ):
        key = (await response.json())["key"]
    await sign_in(visit.page.context, demo.api, key)
    for path in PAGES:
        await visit.page.goto(f"{visit.host}{path}")
        await settled(visit.page)
        assert await visit.page.locator(WRONG).all_inner_texts() == [], path
        assert await visit.page.locator(".empty, .steps, form").count() > 0, path
    assert visit.errors == []


async def test_a_failed_answer_says_what_to_do_and_can_be_asked_again(visit: Watched) -> None:
    await visit.page.route("**/api/clients?*", refuse(503))
    await visit.page.goto(f"{visit.host}/clients")
    await settled(visit.page)
    told = await visit.page.locator(WRONG).inner_text()
    assert all(text in told for text in ("PostgreSQL can't be reached.", "Ask again in a moment.", "req_1"))
    assert "PostgreSQL" in await visit.page.locator("#notices").inner_text()
    assert await barriers(visit.page) == []
    await visit.page.unroute("**/api/clients?*")
    await visit.page.get_by_role("button", name="Try again").click()
    await visit.page.wait_for_selector("tbody tr")
    await visit.page.wait_for_function("() => !document.querySelector('#notices').innerText.includes('PostgreSQL')")


async def test_while_answers_are_awaited_the_page_holds_their_place(visit: Watched) -> None:
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await visit.page.route("**/api/clients?*", hold)
    await visit.page.goto(f"{visit.host}/clients")
    await visit.page.wait_for_selector("[aria-busy] .skeleton")
    assert await visit.page.get_by_role("heading", name="Clients").is_visible()
    await visit.page.unroute("**/api/clients?*")
    for route in held:
        await route.continue_()
    await settled(visit.page)
    assert await visit.page.locator(".skeleton").count() == 0


async def test_figures_that_are_behind_say_as_of_when(visit: Watched) -> None:
    def age(content: dict[str, object]) -> None:
        content["freshness_seconds"] = 7200.0

    await answered(visit.page, "/api/clients", age)
    await visit.page.goto(f"{visit.host}/clients")
    await settled(visit.page)
    notice = visit.page.get_by_role("status").filter(has_text="The stream is behind")
    await notice.wait_for()
    assert "2 h ago" in await notice.inner_text()


async def test_a_key_that_is_revoked_meanwhile_leads_to_the_login(visit: Watched) -> None:
    await visit.page.goto(f"{visit.host}/")
    await settled(visit.page)
    await visit.page.route("**/api/**", refuse(401))
    await visit.page.locator(".side nav").get_by_role("link", name="Clients", exact=True).click()
    await visit.page.get_by_label("API key").wait_for()
    assert "signed out" in await visit.page.get_by_role("status").inner_text()


def rename(name: str) -> Change:
    """All clients get this name."""

    def change(content: dict[str, object]) -> None:
        rows = content["data"]
        assert isinstance(rows, list)
        for row in rows:
            row["name"] = name

    return change


async def test_no_page_is_wider_than_a_phone_however_long_a_name(phone: Watched) -> None:
    await answered(phone.page, "/api/clients", rename("Donaudampfschifffahrtsgesellschaft" * 6))
    for path in PAGES:
        await phone.page.goto(f"{phone.host}{path}")
        await settled(phone.page)
        wide = await phone.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    assert phone.errors == []


@pytest.mark.parametrize("look", LOOKS)
async def test_the_printed_address_signs_in_in_every_look(browser: Browser, demo: Demo, look: str) -> None:
    async with await browser.new_context(**LOOKS[look]) as context:  # type: ignore[arg-type]  # as for the pictures
        visitor = await signed_in(context, demo.dashboard)
        await settled(visitor.page)
        assert visitor.errors == []


async def test_a_phone_unfolds_the_pages_and_folds_them_again(phone: Watched) -> None:
    await phone.page.goto(f"{phone.host}/")
    await settled(phone.page)
    menu = phone.page.get_by_role("button", name="Menu")
    await menu.click()
    await phone.page.get_by_role("link", name="Renewals").click()
    await phone.page.wait_for_url("**/renewals*")
    await settled(phone.page)
    assert await menu.get_attribute("aria-expanded") == "false"
    assert await phone.page.get_by_role("heading", name="Renewals", exact=True).is_visible()


async def test_a_download_holds_every_row_and_nothing_that_a_spreadsheet_would_run(visit: Watched) -> None:
    await answered(visit.page, "/api/clients", rename('=HYPERLINK("http://evil")'))
    await visit.page.goto(f"{visit.host}/clients")
    await settled(visit.page)
    async with visit.page.expect_download() as downloading:
        await visit.page.get_by_role("button", name="Download clients as CSV").click()
    text = (await (await downloading.value).path()).read_text()
    head, *rows = csv.reader(io.StringIO(text))
    assert head[:3] == ["Client", "Id", "MRR"]
    assert rows
    assert {row[0] for row in rows} == {'\'=HYPERLINK("http://evil")'}


async def _looked_at_in_part(page: Page) -> None:
    """The preview of a project so large that it takes many answers says how far it is, and can be called off."""
    parts = [{"next_cursor": "more", "customers": 12_000, "looked_at": 4_000}]

    async def fulfil(route: Route) -> None:
        if parts:
            await route.fulfill(json=parts.pop())

    await page.route("**/settings/preview", fulfil)
    await page.get_by_role("button", name="Show what it would do").click()
    await page.get_by_text("4,000 of 12,000 customers looked at").wait_for()
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_text("Called off; nothing was changed.").wait_for()
    assert await page.get_by_role("progressbar").count() == 0
    await page.unroute("**/settings/preview")


async def test_a_change_of_policy_is_shown_before_it_is_kept(visit: Watched) -> None:
    await visit.page.goto(f"{visit.host}/integration")
    await settled(visit.page)
    await visit.page.get_by_label("Trials count").check()
    await _looked_at_in_part(visit.page)
    await visit.page.get_by_role("button", name="Show what it would do").click()
    await visit.page.get_by_role("button", name="Keep it").wait_for()
    assert "It would be" in await visit.page.locator("main").inner_text()
    await visit.page.reload()
    await settled(visit.page)
    assert not await visit.page.get_by_label("Trials count").is_checked()
