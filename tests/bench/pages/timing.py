"""What a browser says of a page: when something was first seen, what travelled, how soon it answered to people."""

from dataclasses import dataclass

from playwright.async_api import Page

# Entries that are noted from the first moment on. The browser tells of events that took 16 ms or longer, in steps of 8.
WATCH = """
window.seen = { paints: [], events: [] };
new PerformanceObserver((list) => seen.paints.push(...list.getEntries().map((one) => [one.name, one.startTime])))
  .observe({ type: 'paint', buffered: true });
new PerformanceObserver((list) => seen.events.push(
  ...list.getEntries().filter((one) => one.interactionId).map((one) => one.duration)))
  .observe({ type: 'event', durationThreshold: 16, buffered: true });
"""
FIRST = "() => Object.fromEntries(seen.paints)['first-contentful-paint'] ?? null"
NOW = "() => performance.now()"
# The document, what it loads, and what it asks: bodies as they travelled, packed.
TRAVELLED = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map((one) => [new URL(one.name).pathname, one.encodedBodySize])"""
FORGET = "() => { seen.events = []; }"
# Two frames later whatever came of the last event has been painted and told.
EVENTS = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
  setTimeout(() => resolve(seen.events), 60))))"""
SETTLED = "() => document.querySelector('main h1') && !document.querySelector('[aria-busy]')"
LEAST_TOLD_MS = 16.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One visit: milliseconds until something was seen and until everything was there; bytes by what they were of."""

    first_ms: float
    complete_ms: float
    bytes_by_path: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.bytes_by_path.values())


async def visited(page: Page, address: str) -> Seen:
    """Load the address and wait until nothing is missing."""
    await page.goto(address)
    await page.wait_for_function(SETTLED)
    complete = await page.evaluate(NOW)
    await page.wait_for_function(FIRST)
    travelled: dict[str, int] = {}
    for path, size in await page.evaluate(TRAVELLED):
        travelled[path] = travelled.get(path, 0) + size
    return Seen(await page.evaluate(FIRST), complete, travelled)


async def longest_event(page: Page) -> float:
    """The longest that the page took, since `forget`, from an event to the paint of what came of it."""
    events = await page.evaluate(EVENTS)
    return max(events, default=LEAST_TOLD_MS)


async def forget(page: Page) -> None:
    """Begin to note events anew."""
    await page.evaluate(FORGET)


async def settled(page: Page) -> None:
    """Wait until nothing on the page is still loading."""
    await page.wait_for_function(SETTLED)
