"""The versions of one object that are kept, and which of them holds at an instant.

What is kept is a function of the set of versions ever seen: it does not matter in which order, how often or in which
company they came. Three properties make it so. Two deliveries of one version are merged by taking the better one.
Each version falls out by its own time, kind and rank, never by what it is compared with. And what holds the place of
those that fell out stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import TypeVar

from libs.domain.customer import Customer
from libs.domain.discount import AppliedDiscount
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.version import (
    Ordering,
    Rank,
    Version,
    best_rendering,
    identity,
    moment,
    ordered,
    storage_key,
)

Content = TypeVar("Content")
History = tuple[Version[Content], ...]

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of us Stripe's clock is believed (its own tolerance for signatures)."""

ENDED = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})


class Weight(IntEnum):
    """What a version means for those before it: a final one makes them pointless, a past due one needs them."""

    PAST_DUE = 0
    ORDINARY = 1
    FINAL = 2


def weight(version: Version[Content]) -> Weight:
    """FINAL: Stripe never revives what is canceled or deleted. Only a discount can return: old ones have no id of
    their own, so the same coupon, put on again, goes by the same name."""
    if isinstance(version.content, AppliedDiscount):
        return Weight.ORDINARY
    if version.rank >= Rank.TERMINAL_SNAPSHOT:
        return Weight.FINAL
    match version.content:
        case Subscription(status=status):
            if status is SubscriptionStatus.PAST_DUE:
                return Weight.PAST_DUE
            return Weight.FINAL if status in ENDED else Weight.ORDINARY
        case Customer(deleted=True):
            return Weight.FINAL
        case _:
            return Weight.ORDINARY


def with_version(history: History[Content], version: Version[Content]) -> History[Content]:
    """`history` and `version`, in the order of storage. The same object when `version` adds nothing."""
    if not history or history[-1].at < version.at:
        return (*history, version)
    name = identity(version)
    for position, known in enumerate(history):
        if identity(known) == name:
            best = known if known == version else best_rendering(known, version)
            if best is known:
                return history
            return _sorted((*history[:position], best, *history[position + 1 :]))
    return _sorted((*history, version))


def _sorted(versions: Sequence[Version[Content]]) -> History[Content]:
    return tuple(sorted(versions, key=storage_key))


def within(history: History[Content], cut: datetime) -> History[Content]:
    """The versions after `cut`, and the base: what held at `cut`. The same object when nothing falls out.

    The base is the newest version up to `cut` (all of its tie, where several have its second and rank: which of them
    was the last can still become clear). Where that one is past due, those back to the last one that was not stay
    too: the days past due are counted from there. A final version is the base whatever came after it.
    """
    if len(history) < 2 or history[1].at > cut:
        return history
    before = [version for version in history if version.at <= cut]
    heaviest = max(map(weight, before))
    if heaviest is Weight.PAST_DUE:
        return history
    floor = max(moment(version) for version in before if weight(version) is heaviest)
    kept = tuple(version for version in before if moment(version) >= floor and _holds(version, heaviest))
    return history if len(kept) == len(before) else kept + history[len(before) :]


def _holds(version: Version[Content], heaviest: Weight) -> bool:
    return heaviest is not Weight.FINAL or weight(version) is Weight.FINAL


def in_order(history: History[Content], now: datetime) -> Ordering[Content]:
    """What is known of the object up to `now`, oldest first; the last version is the one that holds.

    From the first final version on only final ones are told: a late `updated` revives nothing. Versions from the
    future (a clock that is wrong by more than CLOCK_SKEW) wait for their time, so they never hide a later truth.
    """
    if _is_plain(history, now):
        return Ordering(history, False)
    horizon = now + CLOCK_SKEW
    known = [version for version in history if version.at <= horizon]
    final = [version for version in known if weight(version) is Weight.FINAL]
    if not final:
        return ordered(known)
    end = min(moment(version) for version in final)
    living = ordered([version for version in known if moment(version) < end and weight(version) is not Weight.FINAL])
    ended = ordered(final)
    return Ordering(living.versions + ended.versions, ended.ambiguous)


def _is_plain(history: History[Content], now: datetime) -> bool:
    """Whether versions hold in the order in which they are stored: one at a time, nothing after a final one."""
    if not history or history[-1].at > now + CLOCK_SKEW:
        return False
    return all(
        moment(one) < moment(following) and weight(one) is not Weight.FINAL for one, following in pairwise(history)
    )


def is_settled(history: History[Content], now: datetime) -> bool:
    """Whether the last stored version holds at `now` without a further look: the common case, told cheaply."""
    last = history[-1]
    if last.at > now + CLOCK_SKEW:
        return False
    if len(history) == 1:
        return True
    return moment(history[-2]) != moment(last) and all(weight(version) is not Weight.FINAL for version in history[:-1])
