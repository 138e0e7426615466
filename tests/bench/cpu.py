"""What each process of a running system takes of the processor, as the kernel counts it: told apart by its command."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
# What a command line contains, and how its process is called here; the first that fits.
NAMES = (
    ("services.ingest", "ingest"),
    ("services.mrr", "mrr"),
    ("services.alerts", "alerts"),
    ("services.api", "api"),
    ("kafka.Kafka", "kafka"),
    ("postgres", "postgres"),
    ("tests.bench.webhooks.load", "load"),
)
BENCH = "bench"


@dataclass(frozen=True, slots=True)
class Seen:
    """One process: its parent, what it is called here, its own seconds and those of its children that have ended."""

    parent: int
    name: str
    seconds: float


def spent() -> Mapping[str, float]:
    """Seconds of processor time so far by name: this process, and all that it or they have started."""
    found = {pid: seen for pid in _numbers() if (seen := _seen(pid)) is not None}
    seconds: defaultdict[str, float] = defaultdict(float)
    for pid in _family(os.getpid(), found):
        seconds[BENCH if pid == os.getpid() else found[pid].name] += found[pid].seconds
    return seconds


def told(before: Mapping[str, float], after: Mapping[str, float], requests: int) -> str:
    """Milliseconds for each request, the largest first."""
    each = {name: 1000 * (after[name] - before.get(name, 0.0)) / requests for name in after}
    parts = [f"{name} {ms:.2f}" for name, ms in sorted(each.items(), key=lambda one: -one[1])]
    return f"CPU for each webhook {sum(each.values()):.2f} ms: {', '.join(parts)}"


def _numbers() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def _seen(pid: int) -> Seen | None:
    """None for one that has ended meanwhile."""
    try:
        # After the name, which may hold anything: state, parent, and from the twelfth on the four times.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        command = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    name = next((name for part, name in NAMES if part in command), "others")
    return Seen(int(fields[1]), name, sum(map(int, fields[11:15])) / TICKS)


def _family(root: int, found: Mapping[int, Seen]) -> Sequence[int]:
    family, ahead = [], [root]
    while ahead:
        pid = ahead.pop()
        family.append(pid)
        ahead += [child for child, seen in found.items() if seen.parent == pid]
    return family
