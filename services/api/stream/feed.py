"""The process's readers: one per project that somebody listens to, however many do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from prometheus_client import Gauge

from libs.runtime.postgres import UNREACHABLE
from services.api.database import Database
from services.api.stream import log
from services.api.stream.frames import Frame, Wanted, frame
from services.api.stream.listener import STOPPING, Listener
from services.api.stream.log import Logged

PAGE = 500
POLL_SECONDS = 1.0
MOST_CATCHING_UP = 4

logger = structlog.get_logger(__name__)
listeners_gauge = Gauge("revstream_api_stream_listeners", "Open connections of the live stream")


class Feed:
    """Listeners join and leave; a reader follows the log of each project that has any.

    `wake` says that a project's log has grown; a reader looks by itself too, in case nobody says so.
    """

    def __init__(self, poll_seconds: float = POLL_SECONDS) -> None:
        self._poll_seconds = poll_seconds
        self._readers: dict[str, Reader] = {}
        self._joining = asyncio.Lock()
        self._catching_up = asyncio.Semaphore(MOST_CATCHING_UP)
        self._closed = False

    def wake(self, project: str, newest: int | None = None) -> None:
        """The project's log has grown, to `newest` if that is known."""
        if project in self._readers:
            self._readers[project].grown(newest)

    def pass_on(self, logged: Sequence[Logged]) -> None:
        """What this process itself has logged and committed goes to its listeners without a look into the log."""
        for project in {each.change.project for each in logged} & self._readers.keys():
            self._readers[project].take([frame(each) for each in logged if each.change.project == project])

    @asynccontextmanager
    async def listening(self, database: Database, project: str, wanted: Wanted) -> AsyncIterator[Listener]:
        """A listener from the log's present end on, for the length of the block."""
        reader = await self._joined(database, project)
        listener = Listener(wanted, reader.position)
        reader.listeners.add(listener)
        listeners_gauge.inc()
        if self._closed:
            listener.end(STOPPING)
        try:
            yield listener
        finally:
            listeners_gauge.dec()
            reader.listeners.discard(listener)
            if not reader.listeners and self._readers.get(project) is reader:
                del self._readers[project]
                reader.task.cancel()

    async def missed(self, database: Database, project: str, wanted: Wanted, span: range) -> AsyncIterator[bytes]:
        """The wanted events with numbers in the span, page by page; few listeners at a time ask for theirs."""
        seq = span.start - 1
        while seq < span.stop - 1:
            async with self._catching_up, database.reading(project) as connection:
                page = [each for each in await log.after(connection, project, seq, PAGE) if each.seq < span.stop]
            if not page:
                return
            seq = page[-1].seq
            yield b"".join(frame(each).data for each in page if wanted.matches(each))

    async def close(self) -> None:
        """End every listener, resumably: the process stops."""
        self._closed = True
        for reader in self._readers.values():
            for listener in reader.listeners:
                listener.end(STOPPING)

    async def _joined(self, database: Database, project: str) -> "Reader":
        async with self._joining:
            reader = self._readers.get(project)
            if reader is None:
                async with database.reading(project) as connection:
                    newest = (await log.bounds(connection, project)).newest
                reader = Reader(newest, lambda seq: _page(database, project, seq), self._poll_seconds)
                self._readers[project] = reader
            return reader


class Reader:
    """Follows one project's log and offers what comes to its listeners."""

    def __init__(self, position: int, page: Callable[[int], Awaitable[list[Frame]]], poll: float) -> None:
        self.position = position
        self.listeners: set[Listener] = set()
        self.wake = asyncio.Event()
        self._page = page
        self._poll_seconds = poll
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            try:
                frames = await self._page(self.position)
            except UNREACHABLE as error:
                logger.warning("stream_interrupted", reason=repr(error))
                frames = []
            self._offer(frames)
            if len(frames) < PAGE:
                await self._pause()

    def grown(self, newest: int | None) -> None:
        """Look into the log, unless all of it was passed on already."""
        if newest is None or newest > self.position:
            self.wake.set()

    def take(self, frames: Sequence[Frame]) -> None:
        """Offer what follows directly on what was told; what lies between is in the log, and read there first."""
        if frames[0].seq <= self.position + 1:
            self._offer(frames)
        else:
            self.wake.set()

    def _offer(self, frames: Sequence[Frame]) -> None:
        news = [each for each in frames if each.seq > self.position]
        if news:
            self.position = news[-1].seq
            for listener in list(self.listeners):
                listener.offer(news)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self.wake.wait()
        except TimeoutError:
            return
        self.wake.clear()


async def _page(database: Database, project: str, seq: int) -> list[Frame]:
    async with database.reading(project) as connection:
        return [frame(each) for each in await log.after(connection, project, seq, PAGE)]
