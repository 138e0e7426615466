"""What was told of a customer's course so far, and what of it may still be told otherwise.

Versions are forgotten once they are older than the late window, so a state can only say what it says of the open time.
What was told of the time before stays as it was told. A version that comes too late for its own time counts from when
it was learned, if it is what holds now; if a later version has taken its place already, it is left aside.

Of what was told, only the open part is asked for: of each subscription the last level of settled time, and those after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Protocol, TypeVar

from libs.domain.contribution import SubscriptionShare
from libs.domain.identity import CustomerId, SubscriptionId
from libs.domain.ledger.level import Level, learned_level, says_the_same
from libs.domain.value import value

Levels = tuple[Level, ...]
MOST_LEVELS = 400
KEPT_LEVELS = 200
place = attrgetter("at", "subscription")


class OfSubscription(Protocol):
    """What a subscription adds from an instant on, in whatever form."""

    @property
    def at(self) -> datetime: ...
    @property
    def subscription(self) -> str: ...


Placed = TypeVar("Placed", bound=OfSubscription)


@value(frozen=True, slots=True)
class Evaluation:
    """What a customer's state says now: its levels, oldest first.

    Of `settled` subscriptions nothing up to `cut` changes any more; `cut` None: all is open. `newest` is the newest
    time that the state has seen, as far as it has come.
    """

    levels: Levels
    settled: frozenset[SubscriptionId]
    cut: datetime | None
    newest: datetime


def retold(told: Iterable[Level], now: Evaluation) -> Levels:
    """The course as it is to be told from now on; levels that stay are the very same."""
    if now.cut is None or not now.settled:
        return now.levels
    before, after = _by_subscription(told), _by_subscription(now.levels)
    parts = [
        _of_settled(before.get(name, ()), after[name], now) if name in now.settled else after[name] for name in after
    ]
    return tuple(sorted((level for part in parts for level in part), key=place))


def asks_for_past(told: Iterable[Level], now: Evaluation) -> bool:
    """Whether the levels of settled time matter, because what holds at the cut was told otherwise, or not at all.

    Only then the estimate of a subscription's past is worth its while.
    """
    cut = now.cut
    if cut is None:
        return True
    kept = {level.subscription: level for level in told if level.at <= cut}
    true = {level.subscription: level for level in now.levels if level.at <= cut}
    return any(
        name not in kept or name not in true or not says_the_same(kept[name], true[name]) for name in now.settled
    )


def leads_elsewhere(told: Iterable[Level], present: Iterable[SubscriptionShare]) -> bool:
    """Whether the course leads to anything else than what the customer's subscriptions add at present."""
    last = {level.subscription: level.amount for level in told}
    return any(last.get(share.mrr.subscription, share.mrr.amount) != share.mrr.amount for share in present)


def trued_up(told: Levels, present: Iterable[SubscriptionShare], customer: CustomerId, newest: datetime) -> Levels:
    """The course such that it leads to what the customer's subscriptions add at present.

    It may not where a state has forgotten which of two changes of one second came first, and guesses otherwise now.
    """
    last = {level.subscription: level for level in told}
    wrong = [
        replace(learned_level(customer, share.mrr, newest), at=max(newest, known.at))
        for share in present
        if (known := last.get(share.mrr.subscription)) is not None and known.amount != share.mrr.amount
    ]
    return told if not wrong else tuple(sorted((*told, *wrong), key=place))


def shortened(course: tuple[Placed, ...], cut: datetime | None) -> tuple[tuple[Placed, ...], datetime | None]:
    """A course of very many levels without the oldest of those that are settled, but for what they lead to; and since
    when all of it is there, None where nothing was left out."""
    if len(course) <= MOST_LEVELS or cut is None:
        return course, None
    since = min(cut, course[-KEPT_LEVELS].at)
    held = {level.subscription: level for level in course if level.at <= since}
    later = (level for level in course if level.at > since)
    return (*sorted(held.values(), key=place), *later), since


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
