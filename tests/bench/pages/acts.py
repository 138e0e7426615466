"""What people do on the dashboard's pages, each as real clicks and keys."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page

Act = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done on a page."""

    name: str
    path: str
    act: Act


async def _search(page: Page) -> None:
    await page.get_by_label("Search clients").press_sequentially("c0001")
    await page.wait_for_url("**q=c0001*")


async def _sort(page: Page) -> None:
    await page.locator("button.sort", has_text="Client").click()
    await page.wait_for_url("**sort=name*")


async def _filter(page: Page) -> None:
    await page.get_by_label("Segment").select_option("growth")
    await page.wait_for_url("**segment=growth*")


async def _more(page: Page) -> None:
    rows = await page.locator("tbody tr").count()
    await page.get_by_role("button", name="More").click()
    await page.wait_for_function("rows => document.querySelectorAll('tbody tr').length > rows", arg=rows)


async def _open(page: Page) -> None:
    await page.locator("tbody a").first.click()
    await page.wait_for_url("**/clients/*")


async def _explain(page: Page) -> None:
    await page.get_by_role("button", name="Explain this figure").click()
    await page.locator("main [aria-live=polite] strong").first.wait_for()


async def _theme(page: Page) -> None:
    await page.get_by_role("button", name="Light / dark").click()


def _chosen(label: str, value: str) -> Act:
    async def choose(page: Page) -> None:
        await page.get_by_label(label).select_option(value)

    return choose


def _to(name: str) -> Act:
    async def go(page: Page) -> None:
        await page.locator(".side nav").get_by_role("link", name=name, exact=True).click()

    return go


DEEDS = (
    Deed("search as one types", "/clients", _search),
    Deed("sort", "/clients", _sort),
    Deed("filter", "/clients", _filter),
    Deed("next page", "/clients", _more),
    Deed("open a client", "/clients", _open),
    Deed("explain", "/clients/{client}", _explain),
    Deed("range", "/", _chosen("Range", "365")),
    Deed("compare", "/", _chosen("Compare", "previous_year")),
    Deed("segment", "/", _chosen("Segment", "growth")),
    Deed("theme", "/", _theme),
    Deed("to the alerts", "/", _to("Alerts")),
)
