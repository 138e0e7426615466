"""The fake as a process of its own, and its side door."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.access import SECRET_KEY
from tests.waiting import until


class SideDoor:
    """Calls `/_fake/…` of one fake."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def post(self, name: str, body: Json, status: int = 200) -> Json:
        async with self._session.post(f"{self._url}/_fake/{name}", json=body) as answer:
            found: Json = await answer.json()
            assert answer.status == status, found
            return found

    async def get(self, path: str) -> list[Json]:
        async with self._session.get(f"{self._url}/_fake/{path}") as answer:
            found: list[Json] = await answer.json()
            return found

    async def operate(self, operation: str, **arguments: object) -> Json:
        return await self.post("operations", {"operation": operation, "arguments": arguments})


@pytest.fixture
async def door() -> AsyncIterator[SideDoor]:
    async with FakeStripe().serve() as url, aiohttp.ClientSession() as session:
        yield SideDoor(url, session)


async def test_an_account_can_be_lived_from_outside(door: SideDoor) -> None:
    tiers = [{"up_to": 5, "unit": "100"}, {"up_to": None, "unit": "50"}]
    price = await door.operate("create_price", spec={"unit": None, "tiers": tiers})
    customer = await door.operate("create_customer", email="a@customer.example")
    made = await door.operate(
        "create_subscription", customer=customer["id"], spec={"items": [{"price": price["id"], "quantity": 7}]}
    )
    quantity = {"change": "SetQuantity", "item": made["items"]["data"][0]["id"], "quantity": 9}
    changed = await door.operate("update_subscription", subscription=made["id"], changes=[quantity], proration="none")
    assert changed["items"]["data"][0]["quantity"] == 9
    before = len(await door.get("events"))
    await door.post("advance", {"seconds": 40 * 86_400})
    types = [each["type"] for each in await door.get(f"events?after={before}")]
    assert "invoice.paid" in types
    assert [each["id"] for each in await door.get("objects/customer")] == [customer["id"]]


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        pytest.param("operations", {"operation": "rob_the_bank"}, "unknown", id="unknown operation"),
        pytest.param(
            "operations", {"operation": "create_customer", "arguments": {"age": 3}}, "age", id="unknown argument"
        ),
        pytest.param("advance", {"to": 5}, "can't go back", id="back in time"),
        pytest.param(
            "operations", {"operation": "delete_customer", "arguments": {"customer": "cus_x"}}, "cus_x", id="unknown id"
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(door: SideDoor, name: str, body: Json, says: str) -> None:
    assert says in (await door.post(name, body, status=400))["error"]


async def test_webhooks_follow_what_happens(door: SideDoor) -> None:
    received: list[str] = []

    async def take(request: web.Request) -> web.Response:
        received.append((await request.json())["id"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    async with TestServer(app) as endpoint:
        await door.operate("create_customer", email="early@customer.example")
        await door.post("webhooks", {"url": str(endpoint.make_url("/")), "secrets": ["whsec_x"], "from_start": True})
        before = len(await door.get("events"))
        played = await door.post("history", {"customers": 3, "months": 1})
        expected = {each["id"] for each in await door.get("events")}
        assert len(expected) == played["events"] + before
        await until(lambda: set(received) == expected)
        reports = await door.get("webhooks")
    assert reports[0]["acknowledged"].keys() == expected


async def test_the_process_says_when_it_is_ready_and_stops_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "libs.fake_stripe", "--seed", "7", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(20):
        ready = orjson.loads(await process.stdout.readline())
        assert ready["event"] == "ready"
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        customers = f"{ready['url']}/v1/customers"
        async with aiohttp.ClientSession(headers=headers) as session, session.get(customers) as answer:
            assert (await answer.json())["data"] == []
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
