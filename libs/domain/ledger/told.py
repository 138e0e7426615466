"""What was told of a customer's course so far, and what of it may still be told otherwise.

Versions are forgotten once they are older than the late window, so a state can only say what it says of the open time.
What was told of the time before stays as it was told. A version that comes too late for its own time counts from when
it was learned, if it is what holds now; if a later version has taken its place already, it is left aside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from libs.domain.identity import SubscriptionId
from libs.domain.ledger.level import Level, says_the_same

MOST_LEVELS = 400
KEPT_LEVELS = 200


@dataclass(frozen=True, slots=True)
class ToldCourse:
    """A customer's levels, oldest first. Before `known_from` only what held then is kept (None: all is there)."""

    levels: tuple[Level, ...] = ()
    known_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a customer's state says now: its levels, oldest first.

    Of `settled` subscriptions nothing up to `cut` changes any more; `cut` None: all is open. `newest` is the newest
    time that the state has seen, as far as it has come.
    """

    levels: tuple[Level, ...]
    settled: frozenset[SubscriptionId]
    cut: datetime | None
    newest: datetime


NOTHING_TOLD = ToldCourse()


def retold(told: ToldCourse, now: Evaluation) -> ToldCourse:
    """The course as it is to be told from now on. The very same object where nothing changes."""
    if now.cut is None or not now.settled:
        levels = now.levels
    else:
        before, after = _by_subscription(told.levels), _by_subscription(now.levels)
        parts = [
            _of_settled(before.get(name, ()), after[name], now) if name in now.settled else after[name]
            for name in after
        ]
        levels = tuple(sorted((level for part in parts for level in part), key=_place))
    return told if levels == told.levels else shortened(replace(told, levels=levels), now.cut)


def trued_up(told: ToldCourse, present: Iterable[Level]) -> ToldCourse:
    """The course such that it leads to the present levels. The very same object where it does.

    It may not where a state has forgotten which of two changes of one second came first, and guesses otherwise now.
    """
    last = {level.subscription: level for level in told.levels}
    wrong = [
        replace(level, at=max(level.at, known.at))
        for level in present
        if (known := last.get(level.subscription)) is not None and known.amount != level.amount
    ]
    return told if not wrong else replace(told, levels=tuple(sorted((*told.levels, *wrong), key=_place)))


def told_anew(now: Evaluation) -> ToldCourse:
    """The course under another policy: what is before the open time was told under the one before, and is not known."""
    return shortened(ToldCourse(now.levels, now.cut if now.settled else None), now.cut)


def shortened(told: ToldCourse, cut: datetime | None) -> ToldCourse:
    """A course of very many levels without the oldest of those that are settled, but for what they lead to."""
    if len(told.levels) <= MOST_LEVELS or cut is None:
        return told
    since = min(cut, told.levels[-KEPT_LEVELS].at)
    held = {level.subscription: level for level in told.levels if level.at <= since}
    later = tuple(level for level in told.levels if level.at > since)
    return ToldCourse((*sorted(held.values(), key=_place), *later), since)


_place = attrgetter("at", "subscription")


def _by_subscription(levels: Iterable[Level]) -> dict[SubscriptionId, list[Level]]:
    found: dict[SubscriptionId, list[Level]] = {}
    for level in levels:
        found.setdefault(level.subscription, []).append(level)
    return found


def _of_settled(told: Sequence[Level], now: Sequence[Level], evaluation: Evaluation) -> list[Level]:
    cut = evaluation.cut
    assert cut is not None
    kept = [level for level in told if level.at <= cut]
    later = [level for level in now if level.at > cut]
    earlier = [level for level in now if level.at <= cut]
    line = kept + _learned(kept, earlier, later, told, evaluation) + later
    return [level for place, level in enumerate(line) if not place or not says_the_same(line[place - 1], level)]


def _learned(
    kept: Sequence[Level],
    earlier: Sequence[Level],
    later: Sequence[Level],
    told: Sequence[Level],
    evaluation: Evaluation,
) -> list[Level]:
    """What the state says held at the cut, where that was told otherwise: from the instant of learning on."""
    cut = evaluation.cut
    assert cut is not None
    if not earlier or (kept and says_the_same(kept[-1], earlier[-1])):
        return []
    true = earlier[-1]
    known = [level for level in told if level.at > cut and says_the_same(level, true)]
    if known and (not later or known[0].at < later[0].at):
        return known[:1]
    at = true.told_at if true.told_at > cut else evaluation.newest
    # A later version has taken its place; the clock alone has not, unless it was done by then.
    if later and (later[0].told_at > cut or later[0].at <= at):
        return []
    return [replace(true, at=at, told_at=at, learned=True)]
