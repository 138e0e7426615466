"""The directory through the API on real Kafka and PostgreSQL: every change is stored and acknowledged by the broker."""

import asyncio
import time
from typing import Any

import aiohttp

from libs.cli.api_client import ApiClient
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from tests.bench.directory.filling import fill
from tests.bench.figures import Figure, Say, Scale, percentile
from tests.bench.place import Bench

PART = "directory"
PROJECT = "large"
AT_ONCE = 50_000
CSV = "text/csv"
READS = {
    "GET /api/clients": "/api/clients?limit=50",
    "GET /api/customers?mapped=false": "/api/customers?mapped=false&limit=50",
    "GET /api/metrics": "/api/metrics",
}


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """Fill, then change one client at a time, then many."""
    clients = scale.count(100_000, 1_000)
    async with bench.system("api") as system:
        url = system.servers.database_url
        issued = await issue_at(url, KeyRequest(PROJECT, "bench", [Scope.ADMIN]))
        async with ApiClient(system.api_url, issued.key) as api:
            filled = [
                await _import(api, first, min(AT_ONCE, clients - first), "A") for first in range(0, clients, AT_ONCE)
            ]
            say(f"{clients:,} clients imported in {sum(filled):.1f} s")
            await fill(url, PROJECT, clients * 3)
            rows = scale.count(10_000, 200)
            imports = [await _import(api, clients // 2, rows, f"B{run}") for run in range(scale.runs)]
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {issued.key}"}) as session:
            changes = [await _changes(session, system.api_url, scale.count(500, 20), run) for run in range(scale.runs)]
            reads = {name: await _reads(session, f"{system.api_url}{path}") for name, path in READS.items()}
    return [
        Figure(PART, f"{clients:,} clients: a change stored and told, p50", "ms", _shares(changes, 0.5)),
        Figure(PART, f"{clients:,} clients: a change stored and told, p99", "ms", _shares(changes, 0.99), "< 100"),
        Figure(PART, f"import of {rows:,} rows into them", "s", tuple(imports), "< 10"),
        Figure(PART, f"import of the first {clients:,} rows", "s", (sum(filled),)),
        *(Figure(PART, f"{name}, p99", "ms", _shares([found], 0.99), "< 100") for name, found in reads.items()),
    ]


async def _import(api: ApiClient, first: int, count: int, name: str) -> float:
    """Seconds from sending the file until all of it is stored and told."""
    lines = (f"client {n},{name} {n},s{n}@d{n}.com,d{n}.com" for n in range(first, first + count))
    file = "\n".join(["client,name,stakeholder_emails,domains", *lines]).encode()
    began = time.perf_counter()
    found: dict[str, Any] = (await api.send("/api/clients/import", file, CSV))["import"]
    while found["finished_at"] is None:
        await asyncio.sleep(0.05)
        found = (await api.get(f"/api/clients/imports/{found['id']}"))["import"]
    if (found["stored"], found["refused"]) != (count, 0):
        raise RuntimeError(f"the import did not store every row: {found}")
    return time.perf_counter() - began


async def _changes(session: aiohttp.ClientSession, url: str, count: int, run: int) -> list[float]:
    """Milliseconds of each of so many changes, one after the other."""
    found = []
    for n in range(count):
        body = {"name": f"C{run} {n}", "domains": [f"d{n * 7}.com"]}
        began = time.perf_counter()
        async with session.put(f"{url}/api/clients/client%20{n * 7}", json=body) as answer:
            if answer.status not in (200, 201):
                raise RuntimeError(f"a change was refused: {answer.status} {await answer.text()}")
        found.append((time.perf_counter() - began) * 1000)
    return found


async def _reads(session: aiohttp.ClientSession, url: str) -> list[float]:
    found = []
    for _ in range(100):
        began = time.perf_counter()
        async with session.get(url) as answer:
            await answer.read()
            answer.raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _shares(runs: list[list[float]], share: float) -> tuple[float, ...]:
    return tuple(percentile(run, share) for run in runs)
