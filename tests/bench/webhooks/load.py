"""The load generator, a process of its own: signed webhooks over kept connections, as cheap as Python sends them.

Reads a `Load` from the file that it is given and writes what came of each request (`Sent`) beside it.
"""

import asyncio
import os
import pickle
import re
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from libs.fake_stripe.signature import sign

MOST_CONNECTIONS = 180
EVENT_ID = re.compile(rb'"evt_[^"]*"')
CREATED = re.compile(rb'"created":(\d+)')  # the event's own comes first


@dataclass(frozen=True, slots=True)
class Load:
    """`bodies` go to `url` one after the other, from the first again at their end, `requests` in all.

    With `ids`, hexadecimal, each request's event has an id of its own that begins so, and no two of an object fall into
    one second: repeats are dropped at the edge, and ties looked into.
    With `per_second` at fixed instants, whatever becomes of those before; without it over `connections` that each
    wait for their answer.
    """

    url: str
    secret: str
    bodies: tuple[bytes, ...]
    requests: int
    connections: int = 64
    per_second: float | None = None
    ids: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """One request by the machine's monotonic clock: when it was due, when it was answered, and how."""

    body: int
    due: float
    answered: float
    status: int


class Connection(asyncio.Protocol):
    """One kept connection with one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one without saying so

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"the server closed a connection: {exc!r}"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or self._answer is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length:
            self._received.clear()
            self._answer.set_result(int(head[9:12]))

    async def post(self, request: bytes) -> int:
        """Send a request as it is; the answer's status. Raises ConnectionError."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


class Generator:
    """Sends a load and notes what came of it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._numbered = cycle(enumerate(_requests(load)))
        self._free: deque[Connection] = deque()
        self._sent: list[Sent] = []

    async def run(self) -> list[Sent]:
        """Everything that was sent, in the order of the answers."""
        count = self._load.connections if self._load.per_second is None else MOST_CONNECTIONS
        self._free.extend([await self._connected() for _ in range(count)])
        if self._load.per_second is None:
            remaining = iter(range(self._load.requests))
            await asyncio.gather(*(self._one_after_the_other(remaining) for _ in range(count)))
        else:
            await self._at_a_rate(self._load.per_second)
        return self._sent

    async def _connected(self) -> Connection:
        parts = urlsplit(self._load.url)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, parts.hostname or "", parts.port or 80)
        return connection

    async def _one_after_the_other(self, remaining: Iterator[int]) -> None:
        connection = self._free.popleft()
        for _ in remaining:
            await self._post(connection, time.monotonic())

    async def _at_a_rate(self, per_second: float) -> None:
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(self._load.requests):
                due = begun + number / per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(self._on_a_free_one(due))

    async def _on_a_free_one(self, due: float) -> None:
        connection = self._free.popleft()  # none free: the server is so far behind that the figure means nothing
        await self._post(connection, due)
        self._free.append(connection)

    async def _post(self, connection: Connection, due: float) -> None:
        number, request = next(self._numbered)
        status = await connection.post(request)
        self._sent.append(Sent(number, due, time.monotonic(), status))


def _requests(load: Load) -> list[bytes]:
    parts = urlsplit(load.url)
    head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    now = int(time.time())
    return [
        f"{head}Content-Length: {len(body)}\r\nStripe-Signature: {sign(body, (load.secret,), now)}\r\n\r\n".encode()
        + body
        for body in _bodies(load)
    ]


def _bodies(load: Load) -> Sequence[bytes]:
    if load.ids is None:
        return load.bodies
    rounds = (divmod(number, len(load.bodies)) for number in range(load.requests))
    return [_as_new(load.bodies[place], load.ids, again, place) for again, place in rounds]


def _as_new(body: bytes, ids: str, again: int, place: int) -> bytes:
    renamed = EVENT_ID.sub(b'"evt_%s%04d%06d"' % (ids.encode(), again, place), body, 1)
    later = int(ids, 16) + again * 10_000_000
    return CREATED.sub(lambda found: b'"created":%d' % (int(found[1]) + later), renamed, 1)


async def generated(load: Load, folder: Path) -> list[Sent]:
    """What came of a load that another process sends. Raises RuntimeError if it could not."""
    file = folder / "load"
    await asyncio.to_thread(file.write_bytes, pickle.dumps(load))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __spec__.name, str(file), env=os.environ)
    if await process.wait() != 0:
        raise RuntimeError(f"the load generator ended with code {process.returncode}")
    sent: list[Sent] = pickle.loads(await asyncio.to_thread(file.with_suffix(".sent").read_bytes))
    return sent


def main(file: Path) -> None:
    """Do what the file says."""
    # As a program this module is another one than that which wrote the file.
    from tests.bench.webhooks.load import Generator, Load

    load: Load = pickle.loads(file.read_bytes())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sent = runner.run(Generator(load).run())
    file.with_suffix(".sent").write_bytes(pickle.dumps(sent))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
