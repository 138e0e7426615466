"""`python -m tests.bench.tables`: fills large tables in a PostgreSQL of its own and asks the API of them.

With `--home` the first run fills and the second one asks.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random

import aiohttp

from deploy.migrations import upgrade
from deploy.stack import StackSettings, local_stack
from tests.bench.cpu import spent
from tests.bench.served import served
from tests.bench.tables.filling import PROJECT, fill
from tests.bench.tables.questions import Question, questions, shown

CONCURRENT = 20
FILLED = "filled"
QUICK = 20_000  # clients
LIVES_ASKED = (10, 399)  # of which there are raw records, too


@dataclass(frozen=True)
class Times:
    """How long the requests of one question took, and what one alone took of the processor, API and PostgreSQL
    together; in milliseconds."""

    alone: list[float]
    together: list[float]
    processor: float

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
        async with served(url, PROJECT) as (base, key):
            return await _ask_all(base, key, asked)


async def _ask_all(base: str, key: str, asked: argparse.Namespace) -> int:
    """Every question, and how many missed their aim."""
    headers = {"Authorization": f"Bearer {key}"}
    found: list[tuple[Question, Times]] = []
    chance = Random(5)
    connector = aiohttp.TCPConnector(limit=0)
    # Answers travel packed; to unpack them is their readers' work, who have processors of their own.
    async with aiohttp.ClientSession(base, headers=headers, connector=connector, auto_decompress=False) as session:

        async def ask(path: str) -> float:
            path = _filled_in(path, chance, asked)
            began = time.perf_counter()
            async with session.get(path) as response:
                body = await response.read()
                if response.status != 200:
                    raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
            return (time.perf_counter() - began) * 1000

        _print(f"{'':86} processor | alone p50   p99 | {CONCURRENT} at once p50   p99 ms")
        for one in questions():
            if asked.only in one.path:
                times = await _asked(one.path, ask, asked.requests)
                found.append((one, times))
                late = "" if times.worst < one.aim else f"  over {one.aim:.0f}"
                _print(f"{shown(one.path):86} {_figures(times)}{late}")
    _print("")
    for line in summary(found):
        _print(line)
    missed = sum(times.worst >= one.aim for one, times in found)
    _print(f"{len(found) - missed} of {len(found)} within their aim")
    return min(missed, 1)


def summary(found: Sequence[tuple[Question, Times]]) -> Iterator[str]:
    """For each group its slowest question, as a table of Markdown."""
    yield "| | questions | slowest | processor ms | alone p50 / p99 ms | 20 at once p50 / p99 ms | over the aim |"
    yield "|---|---|---|---|---|---|---|"
    for group in dict.fromkeys(one.group for one, _ in found):
        asked = [(one, times) for one, times in found if one.group == group]
        slowest, times = max(asked, key=lambda each: each[1].worst)
        alone, together = (f"{at(each, 50):.0f} / {at(each, 99):.0f}" for each in (times.alone, times.together))
        late = sum(times.worst >= one.aim for one, times in asked)
        told = f"{times.processor:.0f} | {alone} | {together} | {late}"
        yield f"| {group} | {len(asked)} | `{shown(slowest.path)}` | {told} |"


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
    before = spent()
    alone = [await ask(path) for _ in range(max(10, requests // 3))]
    after = spent()
    processor = 1000 * sum(after[name] - before.get(name, 0.0) for name in ("api", "postgres")) / len(alone)
    await _together(path, ask, requests)  # whoever serves for a while has connections open and plans made
    return Times(alone, await _together(path, ask, requests), processor)


async def _together(path: str, ask: Callable[[str], Awaitable[float]], requests: int) -> list[float]:
    """So many requests of clients who ask again as soon as they are answered."""
    waiting, times = iter(range(requests)), list[float]()

    async def client() -> None:
        times.extend([await ask(path) for _ in waiting])

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(client())
    return times


def _figures(times: Times) -> str:
    alone, together = times.alone, times.together
    shown_alone = f"{times.processor:9.1f} | {at(alone, 50):9.1f} {at(alone, 99):5.1f}"
    return f"{shown_alone} | {at(together, 50):17.1f} {at(together, 99):5.1f}"


def at(times: list[float], percent: int) -> float:
    """The time that so many percent of the requests were answered within."""
    return sorted(times)[max(0, ceil(len(times) * percent / 100) - 1)]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
