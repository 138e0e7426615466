"""When records leave for the broker."""

import asyncio

from services.ingest.departures import Departures

SECONDS = 0.05


async def left(departures: Departures) -> float:
    """When it left, by the loop's clock."""
    await departures.leave()
    return asyncio.get_running_loop().time()


async def test_where_it_is_quiet_a_record_leaves_at_once() -> None:
    departures = Departures(SECONDS, lambda: False)
    leaving = asyncio.ensure_future(departures.leave())
    await asyncio.sleep(0)
    assert leaving.done()
    await asyncio.sleep(SECONDS)
    again = asyncio.ensure_future(departures.leave())
    await asyncio.sleep(0)
    assert again.done()


async def test_what_comes_soon_after_leaves_together() -> None:
    departures = Departures(SECONDS, lambda: False)
    first = await left(departures)
    second = asyncio.ensure_future(left(departures))
    await asyncio.sleep(SECONDS / 5)
    third = asyncio.ensure_future(left(departures))
    at, then = await asyncio.gather(second, third)
    assert at - first >= SECONDS * 0.9
    assert abs(then - at) < SECONDS / 5
    assert await left(departures) - at >= SECONDS * 0.9


async def test_a_crowd_does_not_wait() -> None:
    departures = Departures(SECONDS, lambda: True)
    first = await left(departures)
    assert await left(departures) - first < SECONDS / 2
