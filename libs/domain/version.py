"""When an object looked how: versions, and the one order that any sequence of deliveries leads to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from itertools import groupby, pairwise
from typing import Generic, TypeVar

from libs.domain.identity import EventId
from libs.domain.value import value

Content = TypeVar("Content")


class Rank(IntEnum):
    """Which of two versions of the same second is the later one.

    A terminal state (canceled, deleted) outranks an update, an update outranks a mere notice
    (`trial_will_end` and its like), a notice outranks a create, an event outranks a snapshot.
    """

    SNAPSHOT = 0
    CREATE = 1
    NOTICE = 2
    UPDATE = 3
    TERMINAL_SNAPSHOT = 4
    TERMINAL = 5


@value(frozen=True, slots=True)
class Version(Generic[Content]):
    """One object as one event or snapshot showed it.

    `digest` is a fingerprint of `content`; `previous` is the fingerprint of what the object was just before, where
    the event tells (`previous_attributes`). `event` is None for a snapshot.
    """

    at: datetime
    rank: Rank
    content: Content
    digest: bytes
    previous: bytes | None = None
    event: EventId | None = None


@value(frozen=True, slots=True)
class Ordering(Generic[Content]):
    """Versions from the oldest to the newest, repeats collapsed. `ambiguous`: which one is the newest is a guess."""

    versions: tuple[Version[Content], ...]
    ambiguous: bool


def moment(version: Version[Content]) -> tuple[datetime, Rank]:
    """What orders versions before their fingerprints are asked."""
    return version.at, version.rank


def identity(version: Version[Content]) -> tuple[datetime, Rank, str | bytes]:
    """Equal for two deliveries of one version: the event names it; a snapshot is named by what it shows."""
    return version.at, version.rank, version.event if version.event is not None else version.digest


def storage_key(version: Version[Content]) -> tuple[datetime, Rank, bytes, str]:
    """The order in which versions are kept: it depends on nothing but the version itself."""
    return version.at, version.rank, version.digest, version.event or ""


def gaps(version: Version[Content]) -> tuple[str, ...]:
    """What the content lacks (`Subscription.gaps`); content that cannot lack anything has none."""
    found: tuple[str, ...] = getattr(version.content, "gaps", ())
    return found


def best_rendering(one: Version[Content], other: Version[Content]) -> Version[Content]:
    """Of two deliveries of one version, the one to keep: the most complete, else always the same one of the two."""
    return min(one, other, key=_rendering_key)


def _rendering_key(version: Version[Content]) -> tuple[int, tuple[str, ...], bool, bytes, bytes, str]:
    lacking = gaps(version)
    previous = version.previous
    return len(lacking), lacking, previous is None, version.digest, previous or b"", repr(version.content)


def ordered(versions: Iterable[Version[Content]]) -> Ordering[Content]:
    """Versions of one object in the order in which they happened, whatever order they are given in.

    By `(at, rank)`; within a tie by the chain of fingerprints (A comes before B when B was A just before); where the
    chain has a hole, by a rule that depends on the versions alone. Two events that tell of one change count once.
    Only a guess in the newest tie makes the result `ambiguous`: older ones decide nothing any more.
    """
    line: list[Version[Content]] = []
    guessed = False
    for _, tie in groupby(sorted(versions, key=storage_key), key=moment):
        settled, guessed = settle(tuple(tie), line[-1] if line else None)
        line.extend(settled)
    return Ordering(tuple(line), guessed)


def settle(tie: Sequence[Version[Content]], before: Version[Content] | None) -> tuple[list[Version[Content]], bool]:
    """The order of versions with the same `(at, rank)`, and whether it had to be guessed.

    Each version is a step from its `previous` fingerprint to its `digest`; the order is the walk that takes every
    step. `before` is what stood before the tie: it tells where the walk begins when the steps alone cannot (a change
    and its reversal within one second).
    """
    steps = _distinct(tie)
    if len(steps) == 1:
        return steps, False
    start, sure = _start(steps, before.digest if before else None)
    line = _walk(steps, start)
    while steps:
        line += _walk(steps, _start(steps, None)[0])
    linked = all(one.digest == following.previous for one, following in pairwise(line))
    return line, not (sure and linked)


def _distinct(tie: Sequence[Version[Content]]) -> list[Version[Content]]:
    """The changes in a tie, each once, in the order in which a guess takes them (complete ones last, so they win)."""
    if len(tie) == 1:
        return list(tie)
    changes: dict[tuple[bytes, bytes | None], Version[Content]] = {}
    for version in sorted(tie, key=lambda version: (gaps(version) != (), version.event or "")):
        changes.setdefault((version.digest, version.previous), version)
    told = {digest for digest, previous in changes if previous is not None}
    kept = [v for v in changes.values() if v.previous is not None or v.digest not in told]
    if any(not gaps(version) for version in kept):
        kept = [version for version in kept if version.event is not None or not gaps(version)]
    return sorted(kept, key=lambda version: (-len(gaps(version)), version.digest, version.previous or b""))


def _start(steps: Sequence[Version[Content]], before: bytes | None) -> tuple[bytes | None, bool]:
    """The fingerprint at which a walk through `steps` begins, and whether no other beginning is possible."""
    balance: dict[bytes | None, int] = {}
    for step in steps:
        balance[step.previous] = balance.get(step.previous, 0) + 1
        balance[step.digest] = balance.get(step.digest, 0) - 1
    heads = [step.previous for step in steps if step.previous is None or balance[step.previous] > 0]
    if heads:
        return (before if before in heads else heads[0]), True
    if any(step.previous == before for step in steps):
        return before, True
    return steps[0].previous, False


def _walk(steps: list[Version[Content]], start: bytes | None) -> list[Version[Content]]:
    """Takes from `steps` a walk that begins at `start` (Hierholzer's: trips that return are walked within it)."""
    taken: list[tuple[bytes | None, Version[Content] | None]] = [(start, None)]
    walk: list[Version[Content]] = []
    while taken:
        here, step = taken[-1]
        onward = next((candidate for candidate in steps if candidate.previous == here), None)
        if onward is not None:
            steps.remove(onward)
            taken.append((onward.digest, onward))
            continue
        taken.pop()
        if step is not None:
            walk.append(step)
    walk.reverse()
    return walk
