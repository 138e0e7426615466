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
# The document, what it loads, and what it asks: bodies as they are packed, and what travelled of them with its headers
# (nothing of what the browser had).
TRAVELLED = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map((one) => [new URL(one.name).pathname, one.encodedBodySize, one.transferSize])"""
FORGET = "() => { seen.events = []; }"
# Two frames later whatever came of the last event has been painted and told.
EVENTS = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
  setTimeout(() => resolve(seen.events), 60))))"""
SETTLED = "() => document.querySelector('main h1') && !document.querySelector('[aria-busy]')"
LEAST_TOLD_MS = 16.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One visit: milliseconds until something was seen and until everything was there; bytes of all it is made of, and
    of what had to travel for it."""

    first_ms: float
    complete_ms: float
    total: int
    travelled: int


async def visited(page: Page, address: str) -> Seen:
    """Load the address and wait until nothing is missing."""
    await page.goto(address)
    await page.wait_for_function(SETTLED)
    complete = await page.evaluate(NOW)
    await page.wait_for_function(FIRST)
    parts = await page.evaluate(TRAVELLED)
    total, travelled = (sum(part[place] for part in parts) for place in (1, 2))
    return Seen(await page.evaluate(FIRST), complete, total, travelled)


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
