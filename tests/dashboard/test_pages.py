"""Every page of the dashboard in a real browser, on the demo's data."""

import json
from urllib.parse import urlsplit

import aiohttp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Route

from tests.dashboard.browser import Watched, settled
from tests.dashboard.demo import Demo

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PAGES = (
    "/",
    "/?range=365&compare=previous_year",
    "/clients",
    "/alerts",
    "/alerts?tab=rules",
    "/alerts?tab=endpoints",
    "/cohorts",
    "/cancellations?range=365",
    "/trials?range=365",
    "/renewals",
    "/payments",
    "/mapping",
    "/mapping?tab=import",
    "/integration",
)
SERIOUS = {"serious", "critical"}


async def api_says(demo: Demo, path: str) -> dict[str, object]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {demo.key}"}) as session,
        session.get(f"{demo.api}{path}") as response,
    ):
        assert response.status == 200
        found: dict[str, object] = await response.json()
        return found


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_draws_without_errors_foreign_hosts_or_barriers(visit: Watched, path: str) -> None:
    await visit.page.goto(f"{visit.host}{path}")
    await settled(visit.page)
    assert await visit.page.locator(".failure").all_inner_texts() == []
    found = (await Axe().run(visit.page)).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []
    assert visit.errors == []
    assert visit.foreign == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_colour_can_be_read_in_both_lights(visit: Watched, scheme: str) -> None:
    await visit.page.evaluate("scheme => localStorage.setItem('theme', scheme)", scheme)
    for path in ("/", "/clients", "/integration"):
        await visit.page.goto(f"{visit.host}{path}")
        await settled(visit.page)
        found = (await Axe().run(visit.page, options={"runOnly": ["color-contrast"]})).response["violations"]
        assert [node["html"] for one in found for node in one["nodes"]] == []


async def test_a_client_is_found_opened_and_explained(visit: Watched, demo: Demo) -> None:
    await visit.page.goto(f"{visit.host}/clients?sort=-mrr&status=active")
    await settled(visit.page)
    await visit.page.locator("tbody a").first.click()
    await settled(visit.page)
    client = urlsplit(visit.page.url).path.removeprefix("/clients/")
    await visit.page.get_by_role("button", name="Explain this figure").click()
    await visit.page.wait_for_selector("details summary code")
    said = await api_says(demo, f"/api/mrr/explain?client={client}")
    subscriptions = said["subscriptions"]
    assert isinstance(subscriptions, list)
    shown = await visit.page.locator("details summary code").all_inner_texts()
    assert {one["subscription"] for one in subscriptions} <= set(shown)
    assert visit.errors == []


SHOWN = """() => Object.fromEntries(["mrr", "active_subscribers", "failed_payments"].map(
    name => [name, document.querySelector(`[data-metric=${name}]`).innerText.replaceAll(",", "")]))"""


def figures_shown(answer: str) -> dict[str, object]:
    """How the overview shows an answer of `/api/metrics`; the order of its currencies is left open."""
    metrics = json.loads(answer)["metrics"]
    mrr = metrics["mrr"].get("by_currency") or {metrics["mrr"]["currency"]: metrics["mrr"]["amount"]}
    return {
        "mrr": {f"{amount} {currency.upper()}" for currency, amount in mrr.items()},
        "active_subscribers": str(metrics["active_subscribers"]),
        "failed_payments": str(metrics["failed_payments"]),
    }


async def test_the_figures_on_the_page_are_the_apis(visit: Watched) -> None:
    """The demo lives on meanwhile, so the page is held to the answers that it was given itself."""
    answers: list[str] = []

    async def keep(route: Route) -> None:
        answer = await route.fetch()
        answers.append(await answer.text())
        await route.fulfill(response=answer)

    await visit.page.route(lambda url: urlsplit(url).path == "/api/metrics", keep)
    await visit.page.goto(f"{visit.host}/")
    await settled(visit.page)
    shown = await visit.page.evaluate(SHOWN)
    shown["mrr"] = set(shown["mrr"].split(" + "))
    assert shown in [figures_shown(answer) for answer in answers]
    await visit.page.unroute_all(behavior="wait")


async def test_keys_alone_lead_from_page_to_page(visit: Watched) -> None:
    await visit.page.keyboard.press("Tab")
    assert await visit.page.evaluate("document.activeElement.className") == "skip"
    for _ in range(3):
        await visit.page.keyboard.press("Tab")
    assert await visit.page.evaluate("document.activeElement.textContent") == "Clients"
    await visit.page.keyboard.press("Enter")
    await visit.page.wait_for_url("**/clients*")
    await settled(visit.page)
    assert await visit.page.evaluate("document.activeElement.id") == "main"


async def test_who_leaves_is_asked_for_a_key_again(visit: Watched) -> None:
    await visit.page.get_by_role("button", name="Sign out").click()
    await visit.page.get_by_label("API key").fill("rsk_" + "x" * 43)
    await visit.page.get_by_role("button", name="Sign in").click()
    await visit.page.wait_for_selector("[role=alert]")
    assert "No valid API key" in await visit.page.locator("[role=alert]").inner_text()
    assert not [cookie for cookie in await visit.page.context.cookies() if cookie.get("value")]
