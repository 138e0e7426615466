"""Requests that are answered without aiohttp keep every promise of those that aren't."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import pytest

from libs.wire.records import StripeRecord
from services.ingest.bucket import Buckets
from services.ingest.edge import Address, EdgeLimits, public_site
from services.ingest.publisher import NotPublished
from services.ingest.webhook import Doorkeeper, Webhook
from tests.ingest.fakes import NOW, MemoryProjects, body_of, event, project, signature
from tests.ingest.rig import PLENTY, parsed_answer
from tests.waiting import until

QUICK = EdgeLimits(header_seconds=5, idle_seconds=0.5, shutdown_seconds=5)


@dataclass
class SlowBroker:
    """Acknowledges when a test says so."""

    offered: list["asyncio.Future[None]"] = field(default_factory=list)
    records: list[StripeRecord] = field(default_factory=list)

    def offer(self, record: StripeRecord) -> "asyncio.Future[None]":
        self.offered.append(asyncio.get_running_loop().create_future())
        self.records.append(record)
        return self.offered[-1]

    async def publish(self, record: StripeRecord) -> None:
        await self.offer(record)

    async def asked(self, count: int) -> None:
        await until(lambda: len(self.offered) >= count)


@dataclass
class Line:
    """One connection to the edge."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, *ids: str) -> None:
        """Requests in one piece of data."""
        self.writer.write(b"".join(request(each) for each in ids))

    async def status(self) -> int:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        answer = parsed_answer(head)
        await self.reader.readexactly(int(answer.headers["Content-Length"]))
        return answer.status


def request(identifier: str) -> bytes:
    body = body_of(event(id=identifier))
    head = f"Host: x\r\nContent-Length: {len(body)}\r\nStripe-Signature: {signature(body)}\r\n\r\n"
    return b"POST /webhooks/stripe/p1 HTTP/1.1\r\n" + head.encode() + body


@asynccontextmanager
async def site(broker: SlowBroker) -> AsyncIterator[int]:
    handler = Webhook(MemoryProjects({"p1": project()}), broker, Doorkeeper(Buckets(PLENTY)), clock=lambda: NOW)
    async with public_site(handler, Address("127.0.0.1", 0), QUICK) as port:
        yield port


@contextmanager
def closing(line: Line) -> Iterator[Line]:
    try:
        yield line
    finally:
        line.writer.close()


async def connected(port: int) -> Line:
    return Line(*await asyncio.open_connection("127.0.0.1", port))


@pytest.fixture
async def broker() -> SlowBroker:
    return SlowBroker()


@pytest.fixture
async def line(broker: SlowBroker) -> AsyncIterator[Line]:
    async with site(broker) as port:
        with closing(await connected(port)) as made:
            yield made


async def test_nothing_is_said_before_the_broker_has_it(broker: SlowBroker, line: Line) -> None:
    line.send("evt_1")
    await broker.asked(1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.reader.read(1), 0.05)
    broker.offered[0].set_result(None)
    assert await line.status() == 200


@pytest.mark.parametrize("error", [NotPublished("away"), TimeoutError()], ids=repr)
async def test_what_the_broker_does_not_take_is_503_and_the_connection_goes_on(
    broker: SlowBroker, line: Line, error: Exception
) -> None:
    line.send("evt_1")
    await broker.asked(1)
    broker.offered[0].set_exception(error)
    answer = parsed_answer(await line.reader.readuntil(b"\r\n\r\n"))
    await line.reader.readexactly(int(answer.headers["Content-Length"]))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    line.send("evt_2")
    await broker.asked(2)
    broker.offered[1].set_result(None)
    assert await line.status() == 200


async def test_what_comes_meanwhile_is_answered_after(broker: SlowBroker, line: Line) -> None:
    line.send("evt_1")
    await broker.asked(1)
    line.send("evt_2", "evt_3")
    await asyncio.sleep(0.05)  # it has come
    assert len(broker.offered) == 1
    for number in range(3):
        await broker.asked(number + 1)
        broker.offered[number].set_result(None)
        assert await line.status() == 200
    assert [record.event_id for record in broker.records] == ["evt_1", "evt_2", "evt_3"]


async def test_a_request_in_the_middle_of_another_is_none(broker: SlowBroker, line: Line) -> None:
    line.writer.write(b"POST /webhooks/stripe/p1 HTTP/1.1\r\nX: ")
    await line.writer.drain()
    await asyncio.sleep(0.05)  # it is a piece of its own
    line.send("evt_1")
    # To a server this is one request with odd headers, and a signature that is its own.
    await broker.asked(1)
    broker.offered[0].set_result(None)
    assert await line.status() == 200
    line.send("evt_2")
    await broker.asked(2)
    broker.offered[1].set_result(None)
    assert await line.status() == 200


async def test_a_stop_lets_what_is_in_progress_be_answered(broker: SlowBroker) -> None:
    async with site(broker) as port:
        line = await connected(port)
        line.send("evt_1")
        await broker.asked(1)
        asyncio.get_running_loop().call_later(0.2, broker.offered[0].set_result, None)
    with closing(line):
        assert await line.status() == 200
        assert await line.reader.read() == b""


async def test_a_sender_that_went_away_harms_nobody(broker: SlowBroker) -> None:
    async with site(broker) as port:
        gone, stays = await connected(port), await connected(port)
        gone.send("evt_1")
        await broker.asked(1)
        gone.writer.transport.abort()
        await asyncio.sleep(0.05)  # the server has heard of it
        broker.offered[0].set_result(None)
        with closing(stays):
            stays.send("evt_2")
            await broker.asked(2)
            broker.offered[1].set_result(None)
            assert await stays.status() == 200


async def test_waiting_for_the_broker_is_not_idle(broker: SlowBroker, line: Line) -> None:
    for number in range(2):
        line.send(f"evt_{number}")
        await broker.asked(number + 1)
        asyncio.get_running_loop().call_later(0.7, broker.offered[number].set_result, None)
        assert await line.status() == 200
    assert await asyncio.wait_for(line.reader.read(), 2) == b""  # and then it is
