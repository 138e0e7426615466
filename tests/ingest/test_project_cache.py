import asyncio
from dataclasses import dataclass

import pytest

from services.ingest.project_cache import CacheTimes, ProjectCache
from services.ingest.projects import Project, StoreUnavailable
from tests.ingest.fakes import MemoryProjects, project


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> MemoryProjects:
    return MemoryProjects({"p1": project()})


@pytest.fixture
def cache(source: MemoryProjects, clock: Clock) -> ProjectCache:
    return ProjectCache(source, clock)


async def test_a_project_in_memory_costs_no_query(cache: ProjectCache, source: MemoryProjects) -> None:
    await cache.refresh()
    assert [await cache.find("p1") for _ in range(3)] == [project()] * 3
    assert source.asked == 1


async def test_a_new_project_is_found_at_its_first_webhook(cache: ProjectCache, source: MemoryProjects) -> None:
    await cache.refresh()
    source.by_id["p2"] = project("p2")
    assert await cache.find("p2") == project("p2")


async def test_a_project_that_does_not_exist_is_asked_for_once_in_two_seconds(
    cache: ProjectCache, source: MemoryProjects, clock: Clock
) -> None:
    assert [await cache.find("nobody") for _ in range(5)] == [None] * 5
    assert source.asked == 1
    clock.now = 2.1
    source.by_id["nobody"] = project("nobody")
    assert await cache.find("nobody") is not None


async def test_webhooks_at_once_of_a_new_project_ask_little(cache: ProjectCache, source: MemoryProjects) -> None:
    found = await asyncio.gather(*(cache.find("p1") for _ in range(100)))
    assert found == [project()] * 100
    assert source.asked <= ProjectCache.MOST_LOOK_UPS


async def test_the_cache_goes_on_while_the_database_is_away(cache: ProjectCache, source: MemoryProjects) -> None:
    await cache.refresh()
    source.is_reachable = False
    await cache.refresh()
    assert await cache.find("p1") == project()
    assert not cache.is_current
    with pytest.raises(StoreUnavailable):
        await cache.find("p2")
    source.is_reachable = True
    await cache.refresh()
    assert cache.is_current


async def test_a_database_that_hangs_is_given_up_in_time(clock: Clock) -> None:
    class Hangs(MemoryProjects):
        async def find(self, project: str) -> Project | None:
            await asyncio.Event().wait()
            return None

    cache = ProjectCache(Hangs(), clock, CacheTimes(look_up_seconds=0.05))
    with pytest.raises(StoreUnavailable, match="in time"):
        await cache.find("p1")


async def test_news_of_a_change_is_read_at_once(clock: Clock) -> None:
    class Counted(MemoryProjects):
        async def every(self) -> dict[str, Project]:
            self.read.release()
            return await super().every()

        read = asyncio.Semaphore(0)

    source = Counted({"p1": project()})
    cache = ProjectCache(source, clock)
    following = asyncio.create_task(cache.follow())
    async with asyncio.timeout(2):
        await source.read.acquire()
        source.by_id["p1"] = project("p1", b"whsec_new")
        cache.tell_changed()
        await source.read.acquire()
    following.cancel()
    await asyncio.wait({following})
    assert cache.known("p1") == project("p1", b"whsec_new")


async def test_memory_of_what_does_not_exist_is_bounded(cache: ProjectCache) -> None:
    for number in range(ProjectCache.MOST_UNKNOWN + 10):
        await cache.find(f"x{number}")
    assert len(cache._unknown) <= ProjectCache.MOST_UNKNOWN
