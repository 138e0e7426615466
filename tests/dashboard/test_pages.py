"""Every page of the dashboard in a real browser, on the demo's data."""

import json
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Response

from tests.bench.pages.timing import TRAVELLED
from tests.dashboard.browser import Watched, settled, signed_in
from tests.dashboard.demo import Demo

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PAGES = (
    "/",
    "/?range=365&compare=previous_year&segment=growth",
    "/clients?status=at_risk",
    "/alerts?severity=critical",
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
MOST_BYTES = 300_000
WRONG = ".failure:not(.partial)"


async def barriers(page: Page) -> list[tuple[str, str]]:
    """What axe finds that keeps people out: the rule and the first place."""
    found = (await Axe().run(page)).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_draws_without_errors_foreign_hosts_or_barriers(visit: Watched, path: str) -> None:
    await visit.page.goto(f"{visit.host}{path}")
    await settled(visit.page)
    assert await visit.page.locator(WRONG).all_inner_texts() == []
    assert await barriers(visit.page) == []
    assert visit.errors == []
    assert visit.foreign == []
    travelled = sum(size for _, size, _ in await visit.page.evaluate(TRAVELLED))
    assert 0 < travelled < MOST_BYTES


@pytest.mark.parametrize("path", ["/", "/integration"])
async def test_every_colour_can_be_read_in_the_dark(visit: Watched, path: str) -> None:
    await visit.page.emulate_media(color_scheme="dark")
    await visit.page.goto(f"{visit.host}{path}")
    await settled(visit.page)
    assert await barriers(visit.page) == []


async def test_a_client_is_found_opened_and_explained(visit: Watched) -> None:
    """The demo lives on meanwhile, so the page is held to the answer that it was given itself."""
    await visit.page.goto(f"{visit.host}/clients?sort=-mrr&status=active")
    await settled(visit.page)
    await visit.page.locator("tbody a").first.click()
    async with visit.page.expect_response(lambda one: "/api/mrr/explain" in one.url) as answered:
        await visit.page.get_by_role("button", name="Explain this figure").click()
    said = await (await answered.value).json()
    await visit.page.wait_for_selector("details.unfolded")
    shown = await visit.page.locator("details.unfolded > summary > code").all_inner_texts()
    assert shown == [one["subscription"] for one in said["subscriptions"]]
    reasons = await visit.page.locator("details.unfolded").all_inner_texts()
    for one, text in zip(said["subscriptions"], reasons, strict=True):
        assert all(reason in text for item in one["items"] for reason in item["why"])
    assert visit.errors == []


SHOWN = """() => Object.fromEntries(["mrr", "arr", "active_subscribers", "failed_payments"].map((name) => {
    const place = document.querySelector(`[data-metric=${name}]`);
    const parts = [place.firstElementChild, ...place.querySelectorAll(".others > span")].filter(Boolean);
    const texts = parts.length ? parts.map((part) => part.innerText) : [place.innerText];
    return [name, texts.map((text) => text.replaceAll(",", "").replaceAll(/\\s+/g, " ")).sort()];
}))"""


def figures_shown(metrics: dict[str, object]) -> dict[str, list[str]]:
    """How the overview shows figures of `/api/metrics`: amounts of every currency that has one, counts as they are."""
    return {
        "mrr": _amounts(metrics["mrr"]),
        "arr": _amounts(metrics["arr"]),
        "active_subscribers": [str(metrics["active_subscribers"])],
        "failed_payments": [str(metrics["failed_payments"])],
    }


def _amounts(money: object) -> list[str]:
    assert isinstance(money, dict)
    by_currency = money.get("by_currency") or {money["currency"]: money["amount"]}
    return sorted(f"{amount} {code.upper()}" for code, amount in by_currency.items() if float(amount))


async def test_the_figures_on_the_page_are_the_apis(visit: Watched) -> None:
    """The demo lives on meanwhile, so the page is held to the answer that it was given itself."""

    def of_all_currencies(response: Response) -> bool:
        asked = urlsplit(response.url)
        return asked.path == "/api/metrics" and "currency=" not in asked.query

    async with visit.page.expect_response(of_all_currencies) as answered:
        await visit.page.goto(f"{visit.host}/")
    metrics = json.loads(await (await answered.value).text())["metrics"]
    await settled(visit.page)
    assert await visit.page.evaluate(SHOWN) == figures_shown(metrics)


TITLES = """() => Object.fromEntries([...document.querySelectorAll(".card")].map((card) =>
    [card.querySelector("[data-metric]").dataset.metric, card.querySelector("h2").innerText]))"""


async def test_with_a_segment_and_a_currency_each_card_says_of_whom_it_is(visit: Watched) -> None:
    """The demo lives on meanwhile, so the page is held to the answer that it was given itself."""

    def of_all_currencies(response: Response) -> bool:
        asked = urlsplit(response.url)
        return asked.path == "/api/metrics" and "segment=growth" in asked.query and "currency=" not in asked.query

    async with visit.page.expect_response(of_all_currencies) as answered:
        await visit.page.goto(f"{visit.host}/?segment=growth&currency=usd")
    told = json.loads(await (await answered.value).text())["segment"]
    await settled(visit.page)
    titles = await visit.page.evaluate(TITLES)
    assert titles.keys() >= {"mrr", "arr", "growth_rate", "revenue_at_risk", "subscriber_churn_rate", "failed_payments"}
    for name, title in titles.items():
        assert ("growth clients" if name in told["metrics"] else "all clients") in title, title
    assert all("all currencies" in titles[name] for name in ("active_subscribers", "failed_payments"))
    shown = await visit.page.locator("[data-metric=mrr]").inner_text()
    assert " ".join(shown.replace(",", "").split()) in [*_amounts(told["metrics"]["mrr"]), "0 USD", "0.00 USD"]


COMPARED = """async () => {
    const [exact, format] = await Promise.all([import("/static/js/exact.js"), import("/static/js/format.js")]);
    return [exact.percentMore("110.00", "100.00"), exact.percentMore("0.30", "0.10"), exact.percentMore("1", "0"),
            exact.order("9007199254740993.01", "9007199254740993.00"), exact.pointsApart("0.034500", "0.030000"),
            ...["0.666667", "-0.028571", "1.000000", "0.000049", "-0.000049", "12.345678"].map(format.rate),
            format.digits("1234567.50"), format.money({ by_currency: { usd: "10.00", jpy: "5" } })];
}"""


async def test_figures_are_compared_and_shown_without_a_float_between(visit: Watched) -> None:
    await visit.page.goto(f"{visit.host}/")
    assert await visit.page.evaluate(COMPARED) == [
        *("10.0", "200.0", None, 1, "0.45"),
        *("66.67 %", "−2.86 %", "100.00 %", "0.00 %", "0.00 %", "1,234.57 %"),
        *("1,234,567.50", "10.00 USD + 5 JPY"),
    ]  # fmt: skip


async def test_keys_alone_lead_from_page_to_page(visit: Watched) -> None:
    await visit.page.goto(f"{visit.host}/")
    await settled(visit.page)
    await visit.page.keyboard.press("Tab")
    assert await visit.page.evaluate("document.activeElement.className") == "skip"
    for _ in range(3):
        await visit.page.keyboard.press("Tab")
    assert await visit.page.evaluate("document.activeElement.textContent") == "Clients"
    await visit.page.keyboard.press("Enter")
    await visit.page.wait_for_url("**/clients*")
    await settled(visit.page)
    assert await visit.page.evaluate("document.activeElement.id") == "main"


async def test_a_choice_stays_in_the_address_and_under_the_hand(visit: Watched) -> None:
    await visit.page.goto(f"{visit.host}/")
    await settled(visit.page)
    await visit.page.get_by_label("Range").focus()
    await visit.page.get_by_label("Range").select_option("365")
    await visit.page.wait_for_url("**range=365*")
    await settled(visit.page)
    assert await visit.page.evaluate("document.activeElement.dataset.key") == "Range"
    await visit.page.go_back()
    await visit.page.wait_for_function("() => document.querySelector('[data-key=Range]')?.value === '30'")


async def test_the_address_that_the_demo_prints_signs_in_and_hides_the_key(visit: Watched, demo: Demo) -> None:
    await visit.page.context.clear_cookies()
    visitor = await signed_in(visit.page.context, demo.dashboard)
    assert demo.key not in visitor.page.url


async def test_who_leaves_is_asked_for_a_key_again(visit: Watched) -> None:
    await visit.page.goto(f"{visit.host}/")
    await settled(visit.page)
    await visit.page.get_by_role("button", name="Sign out").click()
    await visit.page.get_by_label("API key").fill("rsk_" + "x" * 43)
    await visit.page.get_by_role("button", name="Sign in").click()
    await visit.page.wait_for_selector("[role=alert]")
    assert "No valid API key" in await visit.page.locator("[role=alert]").inner_text()
    assert not [cookie for cookie in await visit.page.context.cookies() if cookie.get("value")]
