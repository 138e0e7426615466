"""`revstream bench`: what this machine reaches, beside the peers. The programs are under tests/bench."""

import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from subprocess import run
from typing import Annotated

import typer

from deploy.failures import StackUnavailable

ROOT = Path(__file__).resolve().parents[2]
HELP = """Measure this machine: each figure is the median of several runs, interleaved with those of its peers.

engine: a trivial job in ours, raw aiokafka and Quix Streams. rules: the mrr worker beside the same rules in both.
webhooks: ingest beside a bare handler. latency: webhook to API, signals, stream. restart and recovery: the mrr worker.
sync: an account of 5,000 subscriptions, from connecting it to its MRR. large: one of 200,000, its rate and memory.
directory: 100,000 clients and 300,000 customers, one change and an import of 10,000 rows.
pages: the dashboard in a real browser on 10,000 clients: first paint, interaction, what travels.
All servers are the bench's own; nothing of yours is touched. Leave the machine alone meanwhile.

Examples:
  revstream bench latency --runs 5
  revstream bench --quick --json
"""


class Part(StrEnum):
    ENGINE = "engine"
    RULES = "rules"
    WEBHOOKS = "webhooks"
    LATENCY = "latency"
    RESTART = "restart"
    RECOVERY = "recovery"
    SYNC = "sync"
    LARGE = "large"
    DIRECTORY = "directory"
    PAGES = "pages"
    ALL = "all"


def bench(
    part: Annotated[Part, typer.Argument(help="what to measure")] = Part.ALL,
    runs: Annotated[int, typer.Option(min=1, help="runs of each; the median is told")] = 3,
    quick: Annotated[bool, typer.Option(help="small counts: shows that it works, not how fast")] = False,
    json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """Run the bench programs in a process of their own; progress goes to standard error."""
    if find_spec("quixstreams") is None or not (ROOT / "tests" / "bench").is_dir():
        raise StackUnavailable("the peers to measure against are not installed: start it as ./run bench")
    flags = [flag for flag, given in (("--quick", quick), ("--json", json)) if given]
    command = [sys.executable, "-m", "tests.bench", part.value, "--runs", str(runs), *flags]
    raise typer.Exit(run(command, cwd=ROOT, check=False).returncode)
