"""Processes that deliver are killed at random: each change arrives, in order per client."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from libs.runtime.crypto import Keyring, generate_key
from tests.api.posting import Post

pytestmark = pytest.mark.chaos
CLIENTS, STATUSES = 12, ("open", "acknowledged", "resolved")


class Delivering:
    """Two processes, of which one delivers; whichever is killed is started again."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self) -> None:
        command = (sys.executable, "-m", "tests.api.delivering_process")
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, env=self._environment, stdout=quiet)
        self._processes.append(process)

    async def kill_one(self) -> None:
        """SIGKILL for the older one."""
        process = self._processes.pop(0)
        process.kill()
        await process.wait()

    async def stop(self) -> None:
        while self._processes:
            await self.kill_one()


@asynccontextmanager
async def delivering(by_post: Post) -> AsyncIterator[Delivering]:
    """Processes that can open what this test's API seals."""
    keys = generate_key()
    object.__setattr__(by_post.api.parts, "keyring", Keyring.parse(keys))
    environment = {**os.environ, "DATABASE_URL": by_post.api.database_url, "REVSTREAM_ENCRYPTION_KEYS": keys}
    found = Delivering(environment)
    try:
        await found.start()
        await found.start()
        yield found
    finally:
        await found.stop()


async def test_killed_processes_lose_nothing_and_keep_the_order(by_post: Post, full: bool) -> None:
    kills, rounds = (20, 10) if full else (3, 2)
    async with delivering(by_post) as processes:
        await by_post.endpoint()
        happening = asyncio.create_task(happens(by_post, rounds))
        for _ in range(kills):
            got = len(by_post.receiver.got)
            await until_more(by_post, got, happening)
            await asyncio.sleep(random.uniform(0, 0.05))  # the instant of the kill is the point
            await processes.kill_one()
            await processes.start()
        await happening
        async with asyncio.timeout(60):
            while await by_post.value("SELECT count(*) FROM deliveries WHERE state = 'delivered'") < total(rounds):  # noqa: ASYNC110 – another process's rows
                await asyncio.sleep(0.05)
    assert first_arrivals(by_post) == {
        f"client {n}": [(f"sig_{n}_{turn}", status) for turn in range(rounds) for status in STATUSES]
        for n in range(CLIENTS)
    }


def total(rounds: int) -> int:
    return CLIENTS * rounds * len(STATUSES)


async def happens(by_post: Post, rounds: int) -> None:
    for turn in range(rounds):
        for minute, status in enumerate(STATUSES):
            for number in range(CLIENTS):
                await by_post.happens(f"sig_{number}_{turn}", f"client {number}", status=status, minutes=minute)


async def until_more(by_post: Post, than: int, happening: "asyncio.Task[None]") -> None:
    """Something arrived since, or nothing more will happen."""
    async with asyncio.timeout(30):
        while len(by_post.receiver.got) <= than and not happening.done():  # noqa: ASYNC110 – another process's doing
            await asyncio.sleep(0.01)


def first_arrivals(by_post: Post) -> dict[str, list[tuple[str, str]]]:
    """What each client's receiver saw, without repeats."""
    seen: dict[str, list[tuple[str, str]]] = {}
    known: set[str] = set()
    for got in by_post.receiver.got:
        if got.id not in known:
            known.add(got.id)
            seen.setdefault(got.content["data"]["client"], []).append(got.signal)
    return seen
