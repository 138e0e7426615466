import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from libs.runtime import health
from libs.runtime.health import Check, Readiness, health_site


class Dependency:
    """A dependency that can be switched off."""

    def __init__(self) -> None:
        self.up = True
        self.asked = 0

    async def answers(self) -> bool:
        self.asked += 1
        return self.up


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Dependency:
    monkeypatch.setattr(health, "ANSWER_KEPT_SECONDS", 0.0)
    return Dependency()


@pytest.fixture
async def site(kafka: Dependency) -> AsyncIterator[str]:
    async def away() -> bool:
        raise ConnectionRefusedError

    readiness = Readiness(Check("kafka", kafka.answers), Check("postgres", away, required=False))
    async with health_site(readiness, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


async def test_readiness_follows_the_dependency_and_life_goes_on(site: str, kafka: Dependency) -> None:
    async with ClientSession() as session:
        for up, status in ((True, 200), (False, 503), (True, 200)):
            kafka.up = up
            async with session.get(f"{site}/readyz") as answer:
                body = await answer.json()
                assert (answer.status, body["ready"]) == (status, up)
                assert body["checks"]["postgres"] == "degraded"
            async with session.get(f"{site}/healthz") as answer:
                assert answer.status == 200


async def test_metrics_are_served_and_the_server_does_not_say_what_it_runs(site: str) -> None:
    async with ClientSession() as session, session.get(f"{site}/metrics") as answer:
        assert "python_info" in await answer.text()
        assert answer.headers["Server"] == "revstream"


async def test_a_check_that_hangs_counts_as_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_DEADLINE_SECONDS", 0.05)

    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    assert (await Readiness(Check("kafka", hangs)).report()).checks == {"kafka": "failing"}


async def test_a_flood_of_questions_asks_the_dependency_once() -> None:
    dependency = Dependency()
    readiness = Readiness(Check("kafka", dependency.answers))
    await asyncio.gather(*(readiness.report() for _ in range(100)))
    assert dependency.asked == 1
