"""`python -m tests.bench`: measures what is asked for on servers of its own, and prints the figures."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from deploy.failures import StackUnavailable
from tests.bench import latency, recovery, restart
from tests.bench.directory import runner as directory
from tests.bench.engine import runner as engine
from tests.bench.figures import Figure, Say, Scale
from tests.bench.pages import runner as pages
from tests.bench.place import Bench, bench
from tests.bench.rules import runner as rules
from tests.bench.sync import runner as sync
from tests.bench.webhooks import runner as webhooks

Part = Callable[[Bench, Scale, Say], Awaitable[list[Figure]]]
PARTS: dict[str, Part] = {
    "engine": engine.figures,
    "rules": rules.measure,
    "webhooks": webhooks.measure,
    "latency": latency.measure,
    "restart": restart.measure,
    "recovery": recovery.measure,
    "sync": sync.measure,
    "large": sync.measure_large,
    "directory": directory.measure,
    "pages": pages.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts one after the other; the exit code."""
    parser = argparse.ArgumentParser(prog="revstream bench")
    parser.add_argument("part", choices=[*PARTS, "all"], nargs="?", default="all")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    _describe_machine()
    names = list(PARTS) if asked.part == "all" else [asked.part]
    failed = 0
    for name in names:
        try:
            figures = asyncio.run(_measured(name, Scale(asked.runs, asked.quick)))
        except StackUnavailable:
            raise
        except Exception:  # noqa: BLE001 – the loop's edge: the other parts are worth having
            traceback.print_exc()
            failed = 1
            continue
        for figure in figures:
            _print(json.dumps(figure.fields()) if asked.json else figure.line())
    return failed


def _describe_machine() -> None:
    cores, busy = os.cpu_count() or 1, os.getloadavg()[0]
    peers = ", ".join(f"{name} {version(name)}" for name in ("faust-streaming", "aiokafka", "quixstreams", "aiohttp"))
    sys.stderr.write(f"{cores} cores, load {busy:.1f}, Python {platform.python_version()}, {peers}\n")
    if busy > cores / 4:
        sys.stderr.write("other programs are at work: the figures will be lower than what this machine can do\n")


async def _measured(name: str, scale: Scale) -> list[Figure]:
    """One part, with Kafka and PostgreSQL started anew for it."""

    def say(text: str) -> None:
        sys.stderr.write(f"{name}: {text}\n")

    with tempfile.TemporaryDirectory(prefix="revstream-bench-") as home:
        async with bench(Path(home), say) as place:
            return await PARTS[name](place, scale, say)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackUnavailable as error:
        sys.stderr.write(f"revstream bench: {error}\n")
        sys.exit(3)
