"""`python -m tests.bench.tables`: fills large tables in a PostgreSQL of its own and asks the API of them.

With `--home` the first run fills and the second one asks.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp

from deploy.migrations import upgrade
from deploy.ports import free_port
from deploy.stack import StackSettings, local_stack
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key
from tests.bench.tables.filling import PROJECT, fill
from tests.bench.tables.questions import questions, shown

CONCURRENT = 20
FILLED = "filled"
QUICK = 20_000  # clients
LIVES_ASKED = (10, 399)  # of which there are raw records, too


@dataclass(frozen=True)
class Times:
    """How long the requests of one question took, in milliseconds."""

    alone: list[float]
    together: list[float]

    @property
    def worst(self) -> float:
        return at(self.together, 99)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tables")
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--lives", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--only", default="", help="ask the paths that contain this")
    parser.add_argument("--quick", action="store_true", help="few clients: shows only that it works")
    parser.add_argument("--home", type=Path, help="where the tables stay for the next run, which does not fill them")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.clients, asked.lives = QUICK, QUICK // 20
    if asked.home is not None:
        return asyncio.run(_measured(asked.home, asked))
    with tempfile.TemporaryDirectory(prefix="revstream-tables-") as home:
        return asyncio.run(_measured(Path(home), asked))


async def _measured(home: Path, asked: argparse.Namespace) -> int:
    async with local_stack(StackSettings(home, kafka=False, durable=False)) as servers:
        url, began = servers.database_url, time.monotonic()
        filled = asked.home is not None and (asked.home / FILLED).exists()
        await upgrade(url)
        if not filled:
            await fill(url, asked.clients, asked.lives, _say)
            _say(f"filled in {time.monotonic() - began:.0f} s")
            (home / FILLED).touch()
        if asked.home is not None and not filled:
            return 0
        async with _api(url) as (base, key):
            return await _ask_all(base, key, asked)


@asynccontextmanager
async def _api(database_url: str) -> AsyncIterator[tuple[str, str]]:
    """The API as it is run, without a broker: what is on the topics is in the tables already."""
    key = await issue_at(database_url, KeyRequest(PROJECT, "bench", [Scope.ADMIN]))
    port, health = free_port(), free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REVSTREAM_ENCRYPTION_KEYS": generate_key(),
        "API_PORT": str(port),
        "API_HEALTH_PORT": str(health),
        "LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.api", env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        await _answers(base)
        yield base, key.key
    finally:
        process.terminate()
        await process.wait()


async def _answers(base: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            try:
                async with session.get(f"{base}/healthz"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


async def _ask_all(base: str, key: str, asked: argparse.Namespace) -> int:
    """Every question, and how many missed their aim."""
    headers = {"Authorization": f"Bearer {key}"}
    missed, count = [], 0
    chance = Random(5)
    async with aiohttp.ClientSession(base, headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(path: str) -> float:
            path = _filled_in(path, chance, asked)
            began = time.perf_counter()
            async with session.get(path) as response:
                body = await response.read()
                if response.status != 200:
                    raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
            return (time.perf_counter() - began) * 1000

        _print(f"{'':86} alone p50   p99 | {CONCURRENT} at once p50   p99 ms")
        for path, aim in questions():
            if asked.only in path:
                count += 1
                times = await _asked(path, ask, asked.requests)
                if times.worst >= aim:
                    missed.append(path)
                _print(f"{shown(path):86} {_figures(times)}{'' if times.worst < aim else f'  over {aim:.0f}'}")
    _print(f"{count - len(missed)} of {count} within their aim")
    return len(missed)


def _filled_in(path: str, chance: Random, asked: argparse.Namespace) -> str:
    """Another client, customer, subscription or signal each time."""
    if "{" not in path:
        return path
    life, copy = chance.randint(*LIVES_ASKED), chance.randrange(asked.clients // asked.lives)
    number = life * (asked.clients // asked.lives) + copy + 1  # of all clients in their order
    while "{signal}" in path and number % 200 != 7 and number % 50 != 9:
        number += 1
    life, copy = divmod(number - 1, asked.clients // asked.lives)
    client = f"c{life:06d}-{copy:06d}"
    return path.format(client=client, customer=f"cus_{life}_{copy}", signal=f"sig_{client}")


async def _asked(path: str, ask: Callable[[str], Awaitable[float]], requests: int) -> Times:
    for _ in range(3):
        await ask(path)
    alone = [await ask(path) for _ in range(max(5, requests // 10))]
    waiting = iter(range(requests))
    together: list[float] = []

    async def client() -> None:
        together.extend([await ask(path) for _ in waiting])

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(client())
    return Times(alone, together)


def _figures(times: Times) -> str:
    alone, together = times.alone, times.together
    return f"{at(alone, 50):9.1f} {at(alone, 99):5.1f} | {at(together, 50):17.1f} {at(together, 99):5.1f}"


def at(times: list[float], percent: int) -> float:
    """The time that so many percent of the requests were answered within."""
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
