"""A request's body: checked by its headers before a byte is read, then read within a size and a time."""

import asyncio
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestPayloadError

from services.ingest.problems import BODY_INCOMPLETE, ENCODED, EXPECTATION_FAILED, NOT_NOW, TOO_LARGE, TOO_SLOW, Refused


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """`all_bytes` bounds the bodies that all requests hold together while they arrive."""

    bytes: int = 1024 * 1024
    seconds: float = 15.0
    all_bytes: int = 256 * 1024 * 1024


class Bodies:
    """Reads bodies within the limits. Raises Refused with the problem otherwise."""

    def __init__(self, limits: BodyLimits = BodyLimits()) -> None:
        self._limits = limits
        self._held = 0

    def takes(self, size: int) -> bool:
        """Whether a body of this size may be read."""
        return size <= self._limits.bytes

    def check_headers(self, request: web.BaseRequest) -> None:
        """Refuse by what the headers say, without reading. Raises Refused."""
        headers = request.headers
        if headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower() not in ("", "identity"):
            raise Refused(ENCODED)
        if (request.content_length or 0) > self._limits.bytes:
            raise Refused(TOO_LARGE)
        if headers.get(hdrs.EXPECT, "100-continue").lower() != "100-continue":
            raise Refused(EXPECTATION_FAILED)

    async def read(self, request: web.BaseRequest) -> bytes:
        """The whole raw body. Raises Refused."""
        content = request.content
        if content.is_eof() and not content.exception():
            return self._small_enough(content.read_nowait())
        try:
            async with asyncio.timeout(self._limits.seconds):
                await _invite(request)
                return await self._read_slowly(request)
        except TimeoutError:
            raise Refused(TOO_SLOW) from None
        except (RequestPayloadError, ConnectionError) as error:
            raise Refused(BODY_INCOMPLETE) from error

    async def _read_slowly(self, request: web.BaseRequest) -> bytes:
        body = bytearray()
        try:
            while chunk := await request.content.readany():
                body += chunk
                self._held += len(chunk)
                if len(body) > self._limits.bytes:
                    raise Refused(TOO_LARGE)
                if self._held > self._limits.all_bytes:
                    raise Refused(NOT_NOW)
            return bytes(body)
        finally:
            self._held -= len(body)

    def _small_enough(self, body: bytes) -> bytes:
        if len(body) > self._limits.bytes:
            raise Refused(TOO_LARGE)
        return body


async def _invite(request: web.BaseRequest) -> None:
    """Some senders wait for this line before they send a body; aiohttp writes it only for routed handlers."""
    if hdrs.EXPECT in request.headers:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
