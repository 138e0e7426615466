"""The mrr worker under load, stopped and killed: how long until it is ready again, and what it does twice."""

import asyncio
import os
import signal
import time

from libs.cli.system import System, is_ready
from tests.bench.figures import Figure, Say, Scale
from tests.bench.invoices import Load, Seen, flowing, invoice_record
from tests.bench.place import Bench

PART = "restart"
RATE = 500.0
# After less than 30 s the supervisor takes a death for a repeated failure and waits longer before the next start.
STEADY_SECONDS = 31
WITHIN_SECONDS = 60.0
SIGNALS = (signal.SIGTERM, signal.SIGKILL)
AIMS = {signal.SIGTERM: "< 5", signal.SIGKILL: "< 10"}


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """Both signals by turns."""
    seconds: dict[signal.Signals, list[float]] = {number: [] for number in SIGNALS}
    replayed: dict[signal.Signals, list[float]] = {number: [] for number in SIGNALS}
    load = Load(await invoice_record(), RATE)
    async with bench.system("mrr") as system, flowing(bench.servers.kafka_bootstrap, load) as seen:
        for _ in range(scale.runs):
            for number in SIGNALS:
                await asyncio.sleep(scale.count(STEADY_SECONDS, 5))
                repeats = seen.repeats
                seconds[number].append(await _restarted(system, number))
                await _caught_up(load, seen)
                replayed[number].append(float(seen.repeats - repeats))
                say(f"{number.name}: ready after {seconds[number][-1]:.2f} s, {replayed[number][-1]:.0f} replayed")
    return [
        figure
        for number in SIGNALS
        for figure in (
            Figure(PART, f"{number.name} to ready, {RATE:.0f} events/s", "s", tuple(seconds[number]), AIMS[number]),
            Figure(PART, f"{number.name}: events replayed", "events", tuple(replayed[number]), f"<= {RATE:.0f}"),
        )
    ]


async def _restarted(system: System, number: signal.Signals) -> float:
    """Seconds from the signal until another process says that it is ready."""
    worker = system.processes["mrr"]
    before = worker.pid
    assert before is not None
    began = time.monotonic()
    os.kill(before, number)
    async with asyncio.timeout(WITHIN_SECONDS):
        while worker.pid in (None, before) or not await is_ready(system.health_ports["mrr"]):  # noqa: ASYNC110 – another process
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def _caught_up(load: Load, seen: Seen) -> None:
    """Return when all that was sent until now has come out. Raises TimeoutError: something was lost."""
    wanted = load.sent
    async with asyncio.timeout(WITHIN_SECONDS):
        while len(seen.ids) < wanted:  # noqa: ASYNC110 – other processes
            await asyncio.sleep(0.05)
