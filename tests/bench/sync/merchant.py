"""A large fake account as a process of its own, and what is to be known of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from libs.fake_stripe.large.households import LIVED
from libs.fake_stripe.rest.ports import free_port
from tests.bench.processes import python

KEY = "rk_test_bench"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LargeMerchant:
    """Where the account is served; how many subscriptions it has, and what they are worth a month (minor units)."""

    url: str
    subscriptions: int
    mrr: Fraction

    async def allow(self, *paths: str) -> None:
        """Have the key read only these; without any, everything."""
        await self._post("access", {"key": KEY, "paths": list(paths) or None})

    async def calls(self) -> dict[str, Any]:
        """What was asked of it until now."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/_fake/calls") as answer:
            told: dict[str, Any] = await answer.json()
            return told

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/_fake/{path}", json=body) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def large_merchant(subscriptions: int, log: Path) -> AsyncIterator[LargeMerchant]:
    """An account of that size whose present is now, for the length of a block. Raises TimeoutError."""
    start = datetime.now(UTC).replace(microsecond=0) - LIVED
    port = free_port()
    arguments = ("--port", str(port), "--subscriptions", str(subscriptions), "--start", start.isoformat())
    begun = _size(log)
    async with python("libs.fake_stripe", *arguments, log=log):
        async with asyncio.timeout(START_SECONDS):
            while not (told := _ready(log, begun)):  # noqa: ASYNC110 – another process
                await asyncio.sleep(0.1)
        merchant = LargeMerchant(told["url"], told["subscriptions"], Fraction(told["mrr_minor"]))
        await merchant.allow()
        yield merchant


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _ready(log: Path, begun: int) -> dict[str, Any]:
    lines = log.read_bytes()[begun:].splitlines() if log.exists() else []
    found: dict[str, Any] = next((orjson.loads(line) for line in lines if line.startswith(b'{"event":"ready"')), {})
    return found


# A try of each resource and one of the account, when the key is given.
PROBES = 11
