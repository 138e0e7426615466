"""What is news, who wants it, and what becomes of a listener that does not keep up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.api.handlers.alert_stream import start_of
from services.api.stream.feed import Reader
from services.api.stream.frames import Frame, Wanted, frame
from services.api.stream.listener import Listener
from services.api.stream.log import Bounds, Change, Logged
from services.api.stream.news import Head, is_news
from tests.api.builders import NOW

HEAD = Head(NOW, "acknowledged", b"a", (0, 10))
LATER, EARLIER = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("change", "news"),
    [
        pytest.param(HEAD, False, id="the same again"),
        pytest.param(Head(LATER, "open", b"b", (0, 11)), True, id="later: it opened again"),
        pytest.param(Head(LATER, "open", b"b", (0, 3)), True, id="later, in a topic made anew"),
        pytest.param(Head(EARLIER, "open", b"b", (0, 11)), False, id="earlier"),
        pytest.param(Head(NOW, "resolved", b"b", (0, 2)), True, id="the same second, further"),
        pytest.param(Head(NOW, "open", b"b", (0, 11)), False, id="the same second, back"),
        pytest.param(Head(NOW, "snoozed", b"b", (0, 11)), False, id="the same second, beside"),
        pytest.param(Head(NOW, "acknowledged", b"b", (0, 11)), True, id="a detail changed"),
        pytest.param(Head(NOW, "acknowledged", b"b", (0, 9)), False, id="a detail as it was before"),
        pytest.param(Head(NOW, "acknowledged", b"a", (0, 11)), False, id="published twice"),
    ],
)
def test_news_goes_beyond_what_was_told(change: Head, news: bool) -> None:
    assert is_news(HEAD, change) is news
    assert is_news(None, change)


def logged(seq: int, kind: str = "signal", livemode: bool = True, client: str = "acme") -> Logged:
    change = Change("p", kind, f"c{seq}", livemode, client, "payment_failed", "high", "open", b"{}", NOW)
    return Logged(seq, change, NOW)


@pytest.mark.parametrize(
    ("wanted", "told", "expected"),
    [
        pytest.param(Wanted(), logged(1), True, id="everything"),
        pytest.param(Wanted(livemode=False), logged(1), False, id="the other mode"),
        pytest.param(Wanted(client="acme"), logged(1), True, id="its client"),
        pytest.param(Wanted(client="other"), logged(1), False, id="another client"),
        pytest.param(Wanted(severity="low"), logged(1), False, id="another severity"),
        pytest.param(Wanted(client="other"), logged(1, "notice"), True, id="a notice passes filters"),
        pytest.param(Wanted(), logged(1, "movement"), False, id="movements were not asked for"),
    ],
)
def test_a_listener_gets_what_it_wants(wanted: Wanted, told: Logged, expected: bool) -> None:
    assert wanted.matches(told) is expected


async def test_a_slow_listener_is_ended_and_its_line_let_go() -> None:
    listener = Listener(Wanted(), 0, most_waiting=10)
    listener.offer([frame(logged(seq)) for seq in range(1, 11)])
    assert listener.ended is None
    listener.offer([frame(logged(11))])
    listener.offer([frame(logged(12))])
    assert listener.ended == "too_slow"
    assert await listener.take(1) == b""


@asynccontextmanager
async def reader(position: int, *kept: int) -> AsyncIterator[tuple[Reader, Listener]]:
    """A reader at a position of a log that holds these numbers, and who listens to it."""

    async def page(after: int) -> list[Frame]:
        return [frame(logged(seq)) for seq in kept if seq > after]

    found, listener = Reader(position, page, poll=60), Listener(Wanted(), position)
    found.listeners.add(listener)
    yield found, listener
    found.task.cancel()


def numbers(events: bytes) -> list[int]:
    return [int(line[4:]) for line in events.splitlines() if line.startswith(b"id: ")]


async def test_what_this_process_logged_is_passed_on_without_a_look_into_the_log() -> None:
    async with reader(4) as (found, listener):
        found.take([frame(logged(seq)) for seq in (5, 6)])
        assert numbers(await listener.take(1)) == [5, 6]
        found.take([frame(logged(seq)) for seq in (6, 7)])
        assert numbers(await listener.take(1)) == [7]
        found.take([frame(logged(3))])
        assert found.position == 7


async def test_it_looks_only_for_what_was_not_passed_on() -> None:
    async with reader(4) as (found, _):
        found.take([frame(logged(seq)) for seq in (5, 6)])
        found.grown(6)
        assert not found.wake.is_set()
        for newest in (7, None):
            found.grown(newest)
            assert found.wake.is_set()
            found.wake.clear()


async def test_what_another_process_logged_before_comes_first() -> None:
    async with reader(4, 5, 6) as (found, listener):
        found.take([frame(logged(6))])
        assert numbers(await listener.take(5)) == [5, 6]


async def test_a_listener_takes_everything_in_line_at_once() -> None:
    listener = Listener(Wanted(), 1)
    listener.offer([frame(logged(seq)) for seq in (1, 2, 3)])
    assert (await listener.take(1)).count(b"\n\n") == 2
    assert await listener.take(0.01) == b""
    waiting = asyncio.create_task(listener.take(5))
    listener.offer([frame(logged(4))])
    assert b"id: 4\n" in await waiting


@pytest.mark.parametrize(
    ("since", "seen", "missed", "opening"),
    [
        pytest.param(None, 20, range(0), b"id: 20", id="new"),
        pytest.param(15, 20, range(16, 21), b"", id="within what is kept"),
        pytest.param(9, 20, range(10, 21), b"", id="just kept"),
        pytest.param(8, 20, range(0), b"reset", id="no longer kept"),
        pytest.param(20, 20, range(21, 21), b"", id="up to date"),
        pytest.param(23, 23, range(0), b"", id="told by a process that is ahead"),
        pytest.param(26, 20, range(0), b"reset", id="never given"),
    ],
)
def test_a_connection_begins_where_the_last_one_ended(
    since: int | None, seen: int, missed: range, opening: bytes
) -> None:
    start = start_of(since, 20, Bounds(newest=25, oldest=10))
    assert start.seen == seen
    assert list(start.missed) == list(missed)
    assert opening in start.opening
    assert bool(opening) == bool(start.opening)
