"""`GET /api/alerts/stream`: every change of a signal as a server-sent event, resumable with `Last-Event-ID`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from libs.runtime.postgres import UNREACHABLE
from services.api.asked import Asked
from services.api.parameters import Query
from services.api.problems import FieldError, Refused, bad_query
from services.api.queries import projects
from services.api.stream import log
from services.api.stream.frames import OPENING, Wanted, ending, heartbeat, reset
from services.api.stream.listener import Listener

HEARTBEAT_SECONDS = 15.0
WRITE_SECONDS = 10.0
MOST_DIGITS = 18
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class StreamQuery(Query, frozen=True, kw_only=True):
    """Filters as those of the list; `include=movements` adds the ledger's news, `heartbeat` sets its seconds."""

    client: Word | None = None
    rule: Word | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    mode: Literal["live", "test"] | None = None
    include: Literal["movements"] | None = None
    heartbeat: Annotated[int, msgspec.Meta(ge=1, le=60)] = int(HEARTBEAT_SECONDS)
    last_event_id: Annotated[str, msgspec.Meta(max_length=MOST_DIGITS)] | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """One connection being written to."""

    asked: Asked
    response: web.StreamResponse
    wanted: Wanted
    heartbeat_seconds: float


@dataclass(frozen=True, slots=True)
class Start:
    """What a connection begins with: what the caller has `seen` once it was told what it `missed`."""

    seen: int
    opening: bytes
    missed: range = range(0)


async def alert_stream(asked: Asked) -> web.StreamResponse:
    """Events until the caller leaves, is too slow, or its key is revoked. Raises Refused before the first byte only."""
    query = asked.query(StreamQuery)
    since = _since(asked, query)
    wanted = await _wanted(asked, query)
    response = web.StreamResponse(headers=HEADERS)
    stream = Stream(asked, response, wanted, query.heartbeat)
    async with asked.parts.feed.listening(asked.database, asked.project, wanted) as listener:
        async with asked.database.reading(asked.project) as connection:
            bounds = await log.bounds(connection, asked.project)
        start = start_of(since, listener.joined_at, bounds)
        listener.skip_to(start.seen)
        try:
            await response.prepare(asked.request)
            if asked.request.method != "HEAD":
                await _write(stream, OPENING + start.opening)
                await _tell(stream, listener, start.missed)
        except (*UNREACHABLE, ConnectionError):
            _abort(asked.request)
    return response


async def _tell(stream: Stream, listener: Listener, span: range) -> None:
    """First what was missed, then what comes."""
    async for events in _missed(stream, span):
        await _write(stream, events)
    while listener.ended is None:
        events = await listener.take(stream.heartbeat_seconds)
        if events:
            await _write(stream, events)
        elif listener.ended is None:
            await _write(stream, heartbeat(listener.position))
            if not await _may_still_listen(stream.asked):
                listener.end("key_revoked")
    await _write(stream, ending(listener.ended))


async def _missed(stream: Stream, span: range) -> AsyncIterator[bytes]:
    asked = stream.asked
    async for events in asked.parts.feed.missed(asked.database, asked.project, stream.wanted, span):
        yield events


async def _write(stream: Stream, events: bytes) -> None:
    """Raises TimeoutError where the caller does not read."""
    async with asyncio.timeout(WRITE_SECONDS):
        await stream.response.write(events)


async def _may_still_listen(asked: Asked) -> bool:
    try:
        return await asked.parts.access.is_live(asked.caller)
    except UNREACHABLE:
        return True


async def _wanted(asked: Asked, query: StreamQuery) -> Wanted:
    kinds = {"signal", "notice"} | ({"movement"} if query.include == "movements" else set())
    async with asked.database.reading(asked.project) as connection:
        livemode = await projects.livemode_if_any(connection, asked.project, query.mode)
    return Wanted(livemode, frozenset(kinds), query.client, query.rule, query.severity)


def _since(asked: Asked, query: StreamQuery) -> int | None:
    """The number after which the caller wants to go on; browsers send the header, others may use the query."""
    given = asked.request.headers.get("Last-Event-ID") or query.last_event_id
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS):
        raise Refused(bad_query([FieldError("Last-Event-ID", "is no id of an event of this stream")]))
    return int(given)


def start_of(since: int | None, joined_at: int, bounds: log.Bounds) -> Start:
    """Without a number: from now on. With one that the log doesn't reach back to: from now on, and the caller is told.

    A number beyond `joined_at` was given by a process that is ahead of this one: nothing up to it comes again.
    """
    if since is None:
        return Start(joined_at, heartbeat(joined_at))
    if not bounds.oldest - 1 <= since <= bounds.newest:
        return Start(joined_at, reset(joined_at))
    return Start(max(since, joined_at), b"", range(since + 1, joined_at + 1))


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
