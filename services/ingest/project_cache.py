"""All projects in memory, so that webhooks are taken while PostgreSQL is away and cost no query while it is there."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.ingest.projects import Project, StoreUnavailable

log = structlog.get_logger(__name__)


class ProjectSource(Protocol):
    """Where the cache reads from."""

    async def find(self, project: str) -> Project | None:
        """The project, or None if there is none. Raises StoreUnavailable."""
        ...

    async def every(self) -> dict[str, Project]:
        """All projects by id. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class CacheTimes:
    """Seconds between full reads, for which "there is no such project" is remembered, and that a look-up may take."""

    refresh_seconds: float = 5.0
    unknown_seconds: float = 2.0
    look_up_seconds: float = 2.0


class ProjectCache:
    """Projects by id, read in full every few seconds or when told of a change; a new one is looked up at once."""

    MOST_LOOK_UPS = 4
    MOST_UNKNOWN = 10_000

    def __init__(self, source: ProjectSource, clock: Callable[[], float], times: CacheTimes = CacheTimes()) -> None:
        self._source = source
        self._clock = clock
        self._times = times
        self._known: dict[str, Project] = {}
        self._unknown: dict[str, float] = {}
        self._look_ups = asyncio.Semaphore(self.MOST_LOOK_UPS)
        self._changed = asyncio.Event()
        self.is_current = False

    def known(self, project: str) -> Project | None:
        """As Projects says."""
        return self._known.get(project)

    async def find(self, project: str) -> Project | None:
        """As Projects says: from memory, else asked for once."""
        known = self._known.get(project)
        if known is not None or self._is_known_to_be_missing(project):
            return known
        try:
            async with asyncio.timeout(self._times.look_up_seconds), self._look_ups:
                return await self._look_up(project)
        except TimeoutError:
            raise StoreUnavailable(f"project {project} could not be looked up in time") from None

    def _is_known_to_be_missing(self, project: str) -> bool:
        return self._clock() - self._unknown.get(project, float("-inf")) < self._times.unknown_seconds

    async def _look_up(self, project: str) -> Project | None:
        if project in self._known or self._is_known_to_be_missing(project):
            return self._known.get(project)  # another request has asked meanwhile
        found = await self._source.find(project)
        if found is None:
            if len(self._unknown) >= self.MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[project] = self._clock()
        else:
            self._known[project] = found
        return found

    def tell_changed(self) -> None:
        """Something about some project has changed: read again now."""
        self._changed.set()

    async def refresh(self) -> None:
        """Read all projects again; what is in memory stays if that is not possible now."""
        try:
            self._known = await self._source.every()
        except StoreUnavailable as error:
            if self.is_current:
                log.warning("projects_not_refreshed", reason=str(error), kept=len(self._known))
            self.is_current = False
            return
        self._unknown.clear()
        self.is_current = True

    async def follow(self) -> None:
        """Refresh for ever: every few seconds, and at once when told of a change."""
        while True:
            self._changed.clear()
            await self.refresh()
            try:
                async with asyncio.timeout(self._times.refresh_seconds):
                    await self._changed.wait()
            except TimeoutError:
                continue
