"""The answer to a good webhook, as bytes made once a second: aiohttp would put the same header together each time."""

import time
from email.utils import formatdate

from aiohttp import HttpVersion11, web

from services.ingest.problems import SERVER

BODY = b'{"received":true}'
HEADERS = {"Content-Type": "application/json", "Server": SERVER}


class _Ready(web.Response):
    """Bytes in the place of a response. It takes no header and no cookie, and leaves the connection open."""

    def __init__(self, data: bytes) -> None:
        # Not the parent's: all that it makes is for the header that is ready here.
        self._data = data
        self._wire: web.BaseRequest | None = None

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        self._wire = request

    async def write_eof(self, data: bytes = b"") -> None:
        assert self._wire is not None
        if self._wire.transport is not None:
            self._wire.transport.write(self._data + data)


class Received:
    """Answers 200 in the shortest way that the request's connection allows."""

    def __init__(self) -> None:
        self._second = -1
        self._data = b""

    def __call__(self, request: web.BaseRequest) -> web.Response:
        """The answer to `request`."""
        if request.version != HttpVersion11 or not request.keep_alive:
            return web.Response(body=BODY, headers=HEADERS)
        return _Ready(self.data())

    def data(self) -> bytes:
        """The same as bytes, for a connection that stays open."""
        second = int(time.time())
        if second != self._second:
            self._second, self._data = second, with_date(second)
        return self._data


def with_date(second: int, body: bytes = BODY) -> bytes:
    """The whole answer 200 with a body, to a request that leaves its connection open."""
    lines = {**HEADERS, "Content-Length": str(len(body)), "Date": formatdate(second, usegmt=True)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body
