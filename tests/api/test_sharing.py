"""Equal questions share a look, but never one that began before they were asked."""

import asyncio
import gzip

import pytest
from aiohttp import web

from services.api.packing import packed
from services.api.problems import NO_ROUTE, Refused
from services.api.sharing import Looks

KEY = ("acme", "/api/metrics", "")


class Counter:
    """A look that ends when it is let; numbers its answers."""

    def __init__(self) -> None:
        self.begun = 0
        self.gate = asyncio.Event()

    async def look(self) -> web.StreamResponse:
        self.begun += 1
        number = self.begun
        await self.gate.wait()
        return web.Response(text=str(number))


async def text(answer: "asyncio.Task[web.StreamResponse]") -> str | None:
    response = await answer
    assert isinstance(response, web.Response)
    return response.text


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_ask_meanwhile_share_the_look_after() -> None:
    looks, counter = Looks(), Counter()
    first = asyncio.create_task(looks.answer(KEY, counter.look))
    await turns()
    later = [asyncio.create_task(looks.answer(KEY, counter.look)) for _ in range(20)]
    await turns()
    counter.gate.set()
    assert await text(first) == "1"
    assert {await text(each) for each in later} == {"2"}
    assert (looks.running, looks.waiting) == ({}, {})


async def test_others_ask_for_themselves() -> None:
    looks, counter = Looks(), Counter()
    counter.gate.set()
    answers = [await text(asyncio.create_task(looks.answer((name, "", ""), counter.look))) for name in "ab"]
    assert answers == ["1", "2"]


async def test_one_who_leaves_leaves_the_others_their_answer() -> None:
    looks, counter = Looks(), Counter()
    first = asyncio.create_task(looks.answer(KEY, counter.look))
    await turns()
    second, third = (asyncio.create_task(looks.answer(KEY, counter.look)) for _ in range(2))
    await turns()
    first.cancel()
    second.cancel()
    counter.gate.set()
    assert await text(third) == "2"


async def test_a_refusal_is_everybodys() -> None:
    async def refused() -> web.StreamResponse:
        raise Refused(NO_ROUTE)

    looks = Looks()
    for _ in range(2):
        with pytest.raises(Refused):
            await looks.answer(KEY, refused)
    assert looks.running == {}


@pytest.mark.parametrize("length", [5_000, 500_000], ids=["at once", "beside the loop"])
async def test_what_is_shared_is_packed_once(length: int) -> None:
    body = b"1" * length
    response = await packed(web.Response(body=body, content_type="application/json"))
    again = await packed(response)
    assert again is response
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    assert gzip.decompress(response.body) == body
    assert (response.headers["Content-Encoding"], response.headers["Vary"]) == ("gzip", "Accept-Encoding")


async def test_a_short_answer_stays_as_it_is() -> None:
    response = await packed(web.Response(body=b"{}", content_type="application/json"))
    assert "Content-Encoding" not in response.headers
