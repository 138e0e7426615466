"""The public edge on a port, over fakes, and ways to talk to it: whole requests, and bytes of any kind."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO

import orjson
from aiohttp import ClientSession

from services.ingest.bodies import Bodies, BodyLimits
from services.ingest.bucket import Buckets, Rate
from services.ingest.edge import Address, EdgeLimits, public_site
from services.ingest.webhook import Doorkeeper, Webhook
from tests.ingest.fakes import NOW, MemoryProjects, MemoryPublisher, project, signature

USUAL, USUAL_BODIES = EdgeLimits(), BodyLimits()
PLENTY = Rate(per_second=1e6, burst=1e6)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value: dict[str, object] = orjson.loads(self.body)
        return value


@dataclass
class Edge:
    """A running edge and the fakes behind it."""

    port: int
    projects: MemoryProjects
    publisher: MemoryPublisher
    session: ClientSession

    async def post(self, body: bytes, header: str | None = None, path: str = "/webhooks/stripe/p1") -> Answer:
        """Post a body, rightly signed unless a header is given; "" sends none."""
        given = signature(body) if header is None else header
        return await self.request("POST", path, body, {"Stripe-Signature": given} if given else {})

    async def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, data=BytesIO(body), headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())

    async def raw(self, data: bytes, deadline: float = 5.0) -> bytes:
        """Send bytes and read until the server closes the connection."""
        async with self.wire() as (reader, writer):
            writer.write(data)
            return await asyncio.wait_for(reader.read(), deadline)

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, closed after the block."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def running_edge(
    limits: EdgeLimits = USUAL, bodies: BodyLimits = USUAL_BODIES, rate: Rate = PLENTY
) -> AsyncIterator[Edge]:
    """An edge with the project `p1`, whose clock stands at NOW."""
    projects, publisher = MemoryProjects({"p1": project()}), MemoryPublisher()
    doorkeeper = Doorkeeper(Buckets(rate), Buckets(rate))
    handler = Webhook(projects, publisher, doorkeeper, Bodies(bodies), clock=lambda: NOW)
    async with public_site(handler, Address("127.0.0.1", 0), limits) as port, ClientSession() as session:
        yield Edge(port, projects, publisher, session)


def whole_request(body: bytes, *headers: bytes, method: bytes = b"POST", path: bytes = b"/webhooks/stripe/p1") -> bytes:
    """A request as bytes with Content-Length, closed after it."""
    given = b"".join(header + b"\r\n" for header in headers)
    length = b"Content-Length: %d\r\n" % len(body)
    return b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n%s" % (method, path, length, given, body)


def parsed_answer(data: bytes) -> Answer:
    """The first answer in bytes from the wire."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return Answer(int(lines[0].split(" ")[1]), headers, body)
