"""A worker that finds a million entries on the changelog of its table: how long until it is ready."""

import asyncio
import time

from libs.wire.topics import STRIPE_EVENTS
from services.mrr.settings import GROUP
from tests.bench.figures import Figure, Say, Scale
from tests.bench.place import Bench
from tests.bench.rules.backlog import backlog, fill
from tests.bench.rules.job import stages
from tests.mrr.in_memory import MemoryRecord

PART = "recovery"
CHANGELOG = f"{GROUP}-customers-changelog"
CHUNK = 100_000


async def measure(bench: Bench, scale: Scale, say: Say) -> list[Figure]:
    """Starts of the worker with nothing and with everything to recover."""
    empty = [await _start(bench) for _ in range(scale.runs)]
    count = scale.count(1_000_000, 20_000)
    entry = await asyncio.to_thread(_entry)
    for start in range(0, count, CHUNK):
        entries = [(b"recovery/cus_%d" % number, entry) for number in range(start, min(count, start + CHUNK))]
        await fill(bench.servers.kafka_bootstrap, entries, CHANGELOG)
    say(f"{count} entries of {len(entry)} bytes are on the changelog")
    full = [await _start(bench) for _ in range(scale.runs)]
    return [
        Figure(PART, "start to ready, empty tables", "s", tuple(empty)),
        Figure(PART, f"start to ready, {count:,} entries of {len(entry)} B", "s", tuple(full), "< 15"),
    ]


async def _start(bench: Bench) -> float:
    began = time.monotonic()
    async with bench.system("mrr"):
        return time.monotonic() - began


def _entry() -> bytes:
    """What the worker keeps of a customer with one subscription."""
    key, value = next((key, value) for key, value in backlog(500) if b"customer.subscription.created" in value)
    by_customer, _ = stages()
    entry = by_customer.compute([MemoryRecord(STRIPE_EVENTS.name, 0, key, value)], {}).changes[key]
    assert entry is not None
    return entry
