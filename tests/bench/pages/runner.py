"""The dashboard in a real browser on a project of 10,000 clients: first paint, interaction, what travels."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, Page

from deploy.migrations import upgrade
from tests.bench.figures import Figure, Say, Scale
from tests.bench.pages.acts import DEEDS, Deed
from tests.bench.pages.timing import WATCH, Seen, forget, longest_event, settled, visited
from tests.bench.place import Bench
from tests.bench.served import served
from tests.bench.tables.filling import PROJECT, fill
from tests.dashboard.browser import launched, sign_in

PART = "pages"
CLIENT = "/clients/c000010-000001"
PAGES = (
    *("/", "/?range=365", "/clients", CLIENT, "/alerts", "/cohorts", "/cancellations?range=365", "/trials"),
    *("/renewals", "/payments", "/mapping", "/integration"),
)
AIM_FIRST_MS, AIM_INTERACTION_MS, AIM_KILOBYTES = 500, 100, 300


@dataclass
class Measured:
    """The values of each run, by page and by deed."""

    visits: dict[str, list[Seen]] = field(default_factory=dict)
    again: dict[str, list[Seen]] = field(default_factory=dict)
    events: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, list[float]] = field(default_factory=dict)


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """All pages with an empty cache and with a full one, and what people do on them."""
    return await measure_at(bench.servers.database_url, scale, say)


async def measure_at(database_url: str, scale: Scale, say: Say) -> list[Figure]:
    """The same on any PostgreSQL of the bench's own."""
    clients = scale.count(10_000, 400)
    await upgrade(database_url)
    await fill(database_url, clients, clients // 4, say)
    found = Measured()
    async with served(database_url, PROJECT) as (base, key), launched() as browser:
        for number in range(scale.runs):
            say(f"run {number + 1}")
            await _visit(browser, base, key, found)
            await _do(browser, base, key, found)
    return [*_figures(found)]


async def _context(browser: Browser, base: str, key: str) -> BrowserContext:
    """A browser with nothing kept but the session."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    await sign_in(context, base, key)
    await context.add_init_script(WATCH)
    return context


async def _visit(browser: Browser, base: str, key: str, found: Measured) -> None:
    for path in PAGES:
        context = await _context(browser, base, key)
        page = await context.new_page()
        found.visits.setdefault(path, []).append(await visited(page, f"{base}{path}"))
        found.again.setdefault(path, []).append(await visited(page, f"{base}{path}"))
        await context.close()


async def _do(browser: Browser, base: str, key: str, found: Measured) -> None:
    context = await _context(browser, base, key)
    page = await context.new_page()
    for deed in DEEDS:
        event, answer = await _done(page, deed, base)
        found.events.setdefault(deed.name, []).append(event)
        found.answers.setdefault(deed.name, []).append(answer)
    await context.close()


async def _done(page: Page, deed: Deed, base: str) -> tuple[float, float]:
    """From the last of its events to the next paint; and until everything that came of it is there."""
    await page.goto(f"{base}{deed.path.replace('/clients/{client}', CLIENT)}")
    await settled(page)
    await forget(page)
    began: float = await page.evaluate("() => performance.now()")
    await deed.act(page)
    await settled(page)
    ended: float = await page.evaluate("() => performance.now()")
    return await longest_event(page), ended - began


def _figures(found: Measured) -> Iterable[Figure]:
    for path, visits in found.visits.items():
        name = path.replace(CLIENT, "/clients/…")
        yield _figure(f"{name} first paint", "ms", [one.first_ms for one in visits], AIM_FIRST_MS)
        yield _figure(f"{name} complete", "ms", [one.complete_ms for one in visits])
        yield _figure(f"{name} travels", "kB", [one.total / 1000 for one in visits], AIM_KILOBYTES)
        yield _figure(f"{name} travels again", "kB", [one.travelled / 1000 for one in found.again[path]])
    for name, events in found.events.items():
        yield _figure(f"{name}: to the next paint", "ms", events, AIM_INTERACTION_MS)
        yield _figure(f"{name}: to the answer", "ms", found.answers[name])
    worst = max(statistics.median(one.first_ms for one in each) for each in found.visits.values())
    yield _figure("slowest first paint of all pages", "ms", [worst], AIM_FIRST_MS)
    yield _figure(
        "slowest interaction of all", "ms", [max(map(statistics.median, found.events.values()))], AIM_INTERACTION_MS
    )
    largest = max(max(one.total for one in each) for each in found.visits.values())
    yield _figure("most that travels for a page", "kB", [largest / 1000], AIM_KILOBYTES)


def _figure(name: str, unit: str, runs: Iterable[float], aim: int | None = None) -> Figure:
    return Figure(PART, name, unit, tuple(runs), "" if aim is None else f"< {aim}")
