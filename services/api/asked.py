"""What a handler gets: the caller, the parts it may use, and the request's pieces, read only when they are due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from aiohttp import StreamReader, web

from libs.runtime.api_keys import Scope
from libs.runtime.crypto import Keyring
from libs.stripe_gateway import Budget, Platform, StripeApi
from libs.wire.records import SettingsRecord
from services.api.access import Access, Caller
from services.api.cursors import Cursors
from services.api.database import Database
from services.api.deliveries.egress import Egress
from services.api.directory_topic import MOST_AT_A_TIME, DirectoryTopic
from services.api.outlet import NoBroker, Sender
from services.api.parameters import NUL, AnyBody, AnyQuery, read_body, read_query
from services.api.problems import BODY_INCOMPLETE, ENCODED, NOT_JSON, TOO_LARGE, TOO_SLOW, Refused, not_found
from services.api.promise import Promise
from services.api.stream.feed import Feed

MOST_BODY_BYTES = 256 * 1024
BODY_SECONDS = 15.0


class SettingsPublisher(Protocol):
    """Tells the other services of a project's settings."""

    async def publish(self, record: SettingsRecord) -> None:
        """Return once the broker has it. Raises KafkaUnavailable."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the handlers work with."""

    database: Database
    access: Access
    cursors: Cursors
    keyring: Keyring
    settings: SettingsPublisher
    stripe: StripeApi = field(default_factory=StripeApi)
    budget_of: Callable[[str], Budget] | None = None
    platform: Platform | None = None
    public_url: str = "http://127.0.0.1:8080"
    webhook_base: str = "http://127.0.0.1:8081"
    given_back: asyncio.Event = field(default_factory=asyncio.Event)  # set: access to an account is to be ended
    feed: Feed = field(default_factory=Feed)
    sender: Sender = field(default_factory=NoBroker)
    imports: asyncio.Event = field(default_factory=asyncio.Event)  # set: there is a new import of clients
    erasures: asyncio.Event = field(default_factory=asyncio.Event)  # set: the streams are to be told of an erasure
    directory_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_A_TIME))
    egress: Egress = field(default_factory=Egress)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a known caller."""

    request: web.Request
    caller: Caller
    parts: Parts
    promise: Promise

    @property
    def project(self) -> str:
        return self.caller.project

    @property
    def database(self) -> Database:
        return self.parts.database

    @property
    def directory(self) -> DirectoryTopic:
        """What tells the streams of changed clients."""
        return DirectoryTopic(self.parts.database, self.parts.sender, self.parts.directory_slots)

    def path(self, name: str) -> str:
        """A part of the path, decoded. Raises Refused (404) for what no id can be."""
        found = self.written(name)
        if NUL in found or not _is_unicode(found):
            raise Refused(not_found(f"{name} whose id is no text"))
        return found

    def written(self, name: str) -> str:
        """A part of the path as it came, for an id that is to be new and is checked like a body."""
        return self.request.match_info[name]

    def query(self, model: type[AnyQuery]) -> AnyQuery:
        """The query. Raises Refused."""
        assert issubclass(self.promise.query, model), f"the route promises {self.promise.query}, not {model}"
        return read_query(model, self.request.query)

    async def body(self, model: type[AnyBody], most_bytes: int = MOST_BODY_BYTES) -> AnyBody:
        """The JSON body. Raises Refused."""
        assert self.promise.body is model, f"the route promises {self.promise.body}, not {model}"
        return read_body(model, await body_of(self.request, most_bytes))


Handler: TypeAlias = Callable[[Asked], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the API, the scope that a key needs for it, and what it takes and gives."""

    method: str
    path: str
    scope: Scope
    handler: Handler
    promise: Promise


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


async def body_of(
    request: web.Request, most_bytes: int = MOST_BODY_BYTES, kinds: Sequence[str] = ("application/json",)
) -> bytes:
    """The raw body, within its limits, of one of these content types. Raises Refused."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(ENCODED)
    if request.content_type not in kinds:
        raise Refused(NOT_JSON)
    if (request.content_length or 0) > most_bytes:
        raise Refused(TOO_LARGE)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request.content, most_bytes)
    except TimeoutError as error:
        raise Refused(TOO_SLOW) from error
    except web.RequestPayloadError as error:
        raise Refused(BODY_INCOMPLETE) from error


async def _read(content: StreamReader, most_bytes: int) -> bytes:
    body = bytearray()
    async for piece in content.iter_any():
        body += piece
        if len(body) > most_bytes:
            raise Refused(TOO_LARGE)
    return bytes(body)
