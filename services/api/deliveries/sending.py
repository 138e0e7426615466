"""One attempt to deliver: a POST with a deadline, no redirects, and a look at the beginning of the answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from services.api.deliveries.egress import AddressNotAllowed, Egress

ATTEMPT_SECONDS = 10.0
ANSWER_SECONDS = 1.0
MOST_ANSWER_BYTES = 2048
GONE = 410


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, and where to."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `status` None: no answer, and `error` says why."""

    milliseconds: int
    status: int | None = None
    answer: str = ""
    error: str | None = None

    @property
    def is_delivered(self) -> bool:
        """Any 2xx; a redirect is none."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver says that it wants no more (Standard Webhooks: 410)."""
        return self.status == GONE


class Sender(Protocol):
    """Sends over HTTP, or keeps what it was given for a test."""

    async def send(self, message: Message) -> Outcome: ...


class HttpSender:
    """Sends. A connection is used again only for the same endpoint's host, so its address was checked."""

    def __init__(self, session: aiohttp.ClientSession, seconds: float = ATTEMPT_SECONDS) -> None:
        self._session = session
        self._seconds = seconds

    async def send(self, message: Message) -> Outcome:
        """One attempt; whatever happens is told in the outcome."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                status, answer = await self._sent(message)
        except TimeoutError:
            return Outcome(_since(started), error=f"no answer within {self._seconds:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(_since(started), error=_reason(error))
        return Outcome(_since(started), status, answer)

    async def _sent(self, message: Message) -> tuple[int, str]:
        async with self._session.post(
            message.url, data=message.body, headers=message.headers, allow_redirects=False
        ) as response:
            answer = b""
            with suppress(aiohttp.ClientError, TimeoutError):  # the status has been given, the rest is for the log
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await _beginning(response)
            if not response.content.at_eof():
                response.close()
            return response.status, answer.decode(errors="replace").replace("\0", "�")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    answer = b""
    while len(answer) < MOST_ANSWER_BYTES and (piece := await response.content.read(MOST_ANSWER_BYTES - len(answer))):
        answer += piece
    return answer


@asynccontextmanager
async def http_sender(egress: Egress, seconds: float = ATTEMPT_SECONDS) -> AsyncIterator[HttpSender]:
    """A sender for the length of a block. Proxies and cookies of the environment are not used."""
    async with aiohttp.ClientSession(
        connector=egress.connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
    ) as session:
        yield HttpSender(session, seconds)


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def _reason(error: Exception) -> str:
    """Why there is no answer, without addresses of ours."""
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, AddressNotAllowed) or "not public" in str(error.os_error):
            return "blocked: the host leads to an address that is not public"
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return "the host has no address that can be found"
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return "the certificate is not valid for this host"
        return "no connection"
    return f"the answer can't be read ({type(error).__name__})"
