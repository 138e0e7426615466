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
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from deploy.migrations import upgrade
from deploy.ports import free_port
from deploy.stack import StackSettings, local_stack
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.crypto import generate_key
from tests.bench.tables.filling import PROJECT, fill

CLIENT = "c000010-000007"
CONCURRENT = 20
FILLED = "filled"
TODAY = datetime.now(UTC).date()
TWO_YEARS = f"from={(TODAY - timedelta(days=729)).replace(day=1)}&to={TODAY}"
MONTHLY = f"{TWO_YEARS}&interval=month"
PATHS = (
    "/api/metrics",
    f"/api/metrics/mrr?{MONTHLY}",
    f"/api/metrics/net_revenue_retention?{MONTHLY}",
    f"/api/metrics/subscriber_churn_rate?{MONTHLY}",
    f"/api/metrics/revenue?{MONTHLY}",
    "/api/metrics/mrr?interval=day&compare=previous_year",
    f"/api/metrics/mrr?{MONTHLY}&client={CLIENT}",
    "/api/metrics/new?interval=week&plan=price_3",
    "/api/metrics/cohorts",
    "/api/mrr/movements?limit=100",
    f"/api/mrr/movements?client={CLIENT}",
    "/api/mrr/movements?kind=churn&limit=100",
    f"/api/mrr/waterfall?{TWO_YEARS}",
    "/api/mrr/changes",
    "/api/cancellations",
    "/api/cancellations?scheduled=true",
    "/api/subscriptions",
    "/api/renewals",
    "/api/trials",
    "/api/payments/failed",
    "/api/invoices",
    "/api/segments",
    "/api/clients",
    f"/api/clients/{CLIENT}",
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tables")
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--lives", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--only", default="")
    parser.add_argument("--home", type=Path, help="where the tables stay for the next run, which does not fill them")
    asked = parser.parse_args(arguments)
    if asked.home is not None:
        asyncio.run(_measured(asked.home, asked))
        return 0
    with tempfile.TemporaryDirectory(prefix="revstream-tables-") as home:
        asyncio.run(_measured(Path(home), asked))
    return 0


async def _measured(home: Path, asked: argparse.Namespace) -> None:
    async with local_stack(StackSettings(home, kafka=False, durable=False)) as servers:
        url, began = servers.database_url, time.monotonic()
        filled = asked.home is not None and (asked.home / FILLED).exists()
        if not filled:
            await upgrade(url)
            await fill(url, asked.clients, asked.lives, _say)
            _say(f"filled in {time.monotonic() - began:.0f} s")
            (home / FILLED).touch()
        if asked.home is not None and not filled:
            return
        async with _api(url) as (base, key):
            await _ask_all(base, key, asked)


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


async def _ask_all(base: str, key: str, asked: argparse.Namespace) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(base, headers=headers) as session:

        async def ask(path: str) -> float:
            began = time.perf_counter()
            async with session.get(path) as response:
                body = await response.read()
                if response.status != 200:
                    raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
            return (time.perf_counter() - began) * 1000

        _print(f"{'':70} alone p50   p99 | {CONCURRENT} at once p50   p99 ms")
        for path in PATHS:
            if asked.only in path:
                try:
                    await _ask(path, ask, asked.requests)
                except RuntimeError as error:
                    _print(f"FAILED {error}")


async def _ask(path: str, ask: Callable[[str], Awaitable[float]], requests: int) -> None:
    for _ in range(3):
        await ask(path)
    alone = [await ask(path) for _ in range(max(10, requests // 10))]
    waiting = iter(range(requests))
    together: list[float] = []

    async def client() -> None:
        together.extend([await ask(path) for _ in waiting])

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(client())
    shown = path.replace(TWO_YEARS, "24 months")
    _print(
        f"{shown:70} {_at(alone, 50):9.1f} {_at(alone, 99):5.1f} | {_at(together, 50):17.1f} {_at(together, 99):5.1f}"
    )


def _at(times: list[float], percent: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
