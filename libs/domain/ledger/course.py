"""The course of a customer's subscriptions: every instant at which a version or the clock changed what they add."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from libs.domain.customer_state.history import History, in_order
from libs.domain.customer_state.standing import past_due_since, with_discounts
from libs.domain.customer_state.state import CustomerState
from libs.domain.identity import EventId
from libs.domain.ledger.past import past_before, past_of
from libs.domain.ledger.step import Step
from libs.domain.ledger.surroundings import (
    NOTHING_BEFORE,
    Before,
    Outlook,
    Surroundings,
    applied_at,
    events_at,
    surroundings,
    terms_at,
)
from libs.domain.mrr import SubscriptionMrr
from libs.domain.policy import Policy
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.value import value
from libs.domain.version import Rank, Version

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def course(state: CustomerState, policy: Policy, until: datetime, before: Before = NOTHING_BEFORE) -> tuple[Step, ...]:
    """The steps of all subscriptions of a customer up to `until`, oldest first; a pure function of what it is given.

    Each version holds until the next one; between them the clock makes steps where a discount begins or ends, a
    cancellation or a pause comes to its end, or a debt gets too old. Versions a little ahead of `until` (see
    `CLOCK_SKEW`) are steps too, so that the last steps add up to the customer's contribution at `until`.

    `before` tells, event by event, what a subscription was just before; it makes the estimate of a past that begins
    with an update true to what the update changed.
    """
    return course_seen(state, Outlook(policy, until, before))


def course_seen(state: CustomerState, outlook: Outlook) -> tuple[Step, ...]:
    """The same, by an outlook."""
    around = surroundings(state, outlook)
    steps = [step for history in state.subscriptions for step in _course(history, around)]
    return tuple(sorted(steps, key=lambda step: (step.at, step.subscription)))


@value(frozen=True, slots=True)
class _Placed:
    """A version, and the instant from which it counts."""

    at: datetime
    version: Version[Subscription]


def _course(history: History[Subscription], around: Surroundings) -> Iterator[Step]:
    order = _placed(in_order(history, around.until).versions)
    if not order:
        return
    begin = order[0].at
    asked = history[0].content.id not in around.outlook.settled
    if asked and all(placed.version.rank is not Rank.CREATE for placed in order):
        yield from _past(order[0].version, history, around)
    instants = {placed.at for placed in order} | {at for at in around.instants if at > begin}
    last: Step | None = None
    for at, following in pairwise((*sorted(instants), END_OF_TIME)):
        held = order[bisect_right(order, at, key=_begins) - 1].version
        causes = (*(one.version.event for one in order if one.at == at and one.version.event), *events_at(around, at))
        estimated = at == begin and held.event is None
        if last is not None and not around.discounts and at not in around.instants and _adds_the_same(last, held):
            last = Step(at, held.content.customer, held, last.mrr, causes or last.caused_by, estimated)
            yield last
            continue
        for last in _between(_Held(held, causes, history, estimated), at, following, around):
            yield last


def _adds_the_same(last: Step, version: Version[Subscription]) -> bool:
    """Whether a version can only add what the one before it did: one period gave way to the next, and no more.

    Where the clock has a part in it, nothing is taken for granted.
    """
    was, now = last.version.content, version.content
    return (
        last.mrr.next_change is None
        and was.items == now.items
        and was.status is now.status is SubscriptionStatus.ACTIVE
        and was.discounts == now.discounts
        and not (was.cancel_at_period_end or now.cancel_at_period_end)
        and was.cancel_at is now.cancel_at is None
        and was.ended_at is now.ended_at is None
        and was.pause_collection is now.pause_collection is None
        and was.trial_end == now.trial_end
        and was.gaps == now.gaps
    )


@value(frozen=True, slots=True)
class _Held:
    version: Version[Subscription]
    causes: tuple[EventId, ...]
    history: History[Subscription]
    estimated: bool


def _past(first: Version[Subscription], history: History[Subscription], around: Surroundings) -> Iterator[Step]:
    earlier = None if first.event is None else around.outlook.before.get(first.event)
    if earlier is not None:
        known = replace(first, content=earlier)
        was = _mrr(known, first.at, (known,), around)
        if not was.gaps:  # what it was cannot be told in full: what it is now is the better estimate
            return past_before(known, was, around)
    return past_of(first, _mrr(first, first.at, history, around), around)


def _begins(placed: _Placed) -> datetime:
    return placed.at


def _between(held: _Held, at: datetime, following: datetime, around: Surroundings) -> Iterator[Step]:
    """The step at `at`, and those that the clock makes before `following`."""
    version, causes, estimated = held.version, held.causes, held.estimated
    own = () if version.event is None else (version.event,)
    while True:
        mrr = _mrr(version, at, held.history, around)
        yield Step(at, version.content.customer, version, mrr, causes or own, estimated)
        change = mrr.next_change
        if change is None or change >= following or change > around.until:
            return
        at, causes, estimated = change, own, False


def _placed(versions: tuple[Version[Subscription], ...]) -> list[_Placed]:
    """Each version counts from when it was told; one that ended, from its end, where that was before."""
    placed: list[_Placed] = []
    for version in versions:
        at, ended = version.at, version.content.ended_at
        if placed and ended is not None and version.content.status is SubscriptionStatus.CANCELED:
            at = min(at, max(ended, placed[-1].at))
        placed.append(_Placed(at, version))
    return placed


def _mrr(
    version: Version[Subscription], at: datetime, history: History[Subscription], around: Surroundings
) -> SubscriptionMrr:
    since = None
    if version.content.status is SubscriptionStatus.PAST_DUE:
        since = past_due_since(tuple(one for one in history if one.at <= at), at)
    return around.outlook.appraise(with_discounts(version, applied_at(around, at)), terms_at(around, at, since))
