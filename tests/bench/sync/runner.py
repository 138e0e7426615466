"""An account connected by restricted key: until its MRR is right; and one of a size that no memory should hold."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from libs.cli.api_client import ApiClient
from libs.cli.system import System
from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from tests.bench.figures import Figure, Say, Scale
from tests.bench.place import NO_LIMIT, Bench
from tests.bench.sync.merchant import KEY, PROBES, LargeMerchant, large_merchant

PART = "sync"
STRIPE = "/api/integrations/stripe"
USUAL_RATE = 20
WITHIN_SECONDS = 1200.0
# Without payments and events: what MRR depends on, which is what is large in a large account.
STATE = ("account", "subscriptions", "customers", "prices", "coupons", "products")


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """From the call that connects an account until the API shows its MRR, and what that took."""
    count = scale.count(5000, 400)
    right, ratios, rates = [], [], []
    for run in range(scale.runs):
        async with large_merchant(count, bench.home / "merchant.log") as merchant:
            environment = {**NO_LIMIT, "STRIPE_API_BASE": merchant.url}
            async with bench.system(environment=environment) as system, _api(system, f"small{run}") as api:
                began = time.monotonic()
                asked = (await api.post(f"{STRIPE}/key", {"key": KEY, "label": "bench"}))["run"]
                await _until_right(api, merchant)
                right.append(time.monotonic() - began)
                ended = await _ended(api, asked["id"])
                told = await merchant.calls()
        least = PROBES + sum(max(1, -(-each["rows"] // 100)) for each in ended["resources"])
        ratios.append(told["total"] / least)
        rates.append(float(told["most_in_a_second"]))
        say(f"{merchant.subscriptions} subscriptions: right after {right[-1]:.1f} s, {told} for {ended['resources']}")
    return [
        Figure(PART, f"{count:,} subscriptions: connect to right MRR", "s", tuple(right), "< 60"),
        Figure(PART, f"{count:,} subscriptions: calls / least possible", "x", tuple(ratios), "<= 1.10"),
        Figure(PART, f"{count:,} subscriptions: most calls in a second", "calls", tuple(rates), f"<= {USUAL_RATE}"),
    ]


async def measure_large(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """How close a long sync comes to the allowed rate, and how much memory ingest takes for it."""
    count = scale.count(200_000, 2000)
    shares, memory, most = [], [], []
    async with large_merchant(count, bench.home / "merchant.log") as merchant:
        await merchant.allow(*STATE)
        environment = {**NO_LIMIT, "STRIPE_API_BASE": merchant.url}
        async with bench.system("api", "ingest", environment=environment) as system, _api(system, "large") as api:
            before = _peak_mib(system)
            asked = (await api.post(f"{STRIPE}/key", {"key": KEY, "label": "bench"}))["run"]
            ended, told = await _ended(api, asked["id"]), await merchant.calls()
            memory.append(_peak_mib(system))
    seconds = told["seconds"]
    shares.append(100 * told["total"] / seconds / USUAL_RATE)
    most.append(float(told["most_in_a_second"]))
    say(f"{merchant.subscriptions} subscriptions in {seconds:.0f} s, peak before {before:.0f} MiB: {ended}, {told}")
    return [
        Figure(PART, f"{count:,} subscriptions: share of the allowed rate", "%", tuple(shares), ">= 95"),
        Figure(PART, f"{count:,} subscriptions: most calls in a second", "calls", tuple(most), f"<= {USUAL_RATE}"),
        Figure(PART, f"{count:,} subscriptions: ingest's memory at most", "MiB", tuple(memory)),
    ]


@asynccontextmanager
async def _api(system: System, project: str) -> AsyncIterator[ApiClient]:
    """A new project's API."""
    issued = await issue_at(system.servers.database_url, KeyRequest(project, "bench", [Scope.ADMIN]))
    async with ApiClient(system.api_url, issued.key) as api:
        yield api


async def _until_right(api: ApiClient, merchant: LargeMerchant) -> None:
    """Return as soon as the API shows what the account is worth. Raises TimeoutError."""
    wanted = round_half_up(merchant.mrr)
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            shown = (await api.get("/api/metrics"))["metrics"]["mrr"]
            amount = shown.get("amount") or shown.get("by_currency", {}).get("usd", "0")
            if Decimal(amount) == wanted:
                return
            await asyncio.sleep(0.1)


def round_half_up(minor: Fraction) -> Decimal:
    """Minor units of a currency with two decimals as an amount."""
    return Decimal(int(minor + Fraction(1, 2))) / 100


async def _ended(api: ApiClient, run: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            found: dict[str, Any] = (await api.get(f"{STRIPE}/syncs/{run}"))["run"]
            if found["state"] not in ("queued", "running"):
                return found
            await asyncio.sleep(0.5)


def _peak_mib(system: System) -> float:
    status = Path(f"/proc/{system.processes['ingest'].pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
