"""What a subscription was before anybody told of it: the first version seen fixes its past, as an estimate.

It counts from its start (or the end of its trial) at its present amount until it stopped. One first seen paused,
unpaid or canceled has paid before, so that its return is a reactivation.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from libs.domain.customer_state.paid import PAID
from libs.domain.customer_state.standing import with_discounts
from libs.domain.identity import EventId
from libs.domain.ledger.step import Step
from libs.domain.ledger.surroundings import Surroundings, applied_at, terms_at
from libs.domain.mrr import Rule, SubscriptionMrr
from libs.domain.mrr.standing import ending
from libs.domain.policy import ChurnRecognition, Policy
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.version import Version

DAY = timedelta(days=1)


def past_of(first: Version[Subscription], seen: SubscriptionMrr, around: Surroundings) -> Iterator[Step]:
    """The steps before `first`, the oldest version known; `seen` is what it adds at its own instant.

    None where it never counted. Where a version tells of its creation, there is no past to ask for.
    """
    start = _start(first, around.policy)
    stop = min(_told_stop(first.content, seen, around.policy) or first.at, first.at)
    if start is None or start >= stop:
        return
    yield _paid(first, start, stop, around)
    if not seen.counted and stop < first.at:
        yield Step(stop, first.content.customer, first, seen, _events(first), estimated=first.event is None)


def past_before(known: Version[Subscription], was: SubscriptionMrr, around: Surroundings) -> Iterator[Step]:
    """The steps before the oldest event, which tells what the subscription was just before it: `known` and its `was`.

    One that was paused or unpaid then had paid before: until the period in which it was, or, where that says nothing,
    until a day before.
    """
    start = _start(known, around.policy)
    if start is None or start >= known.at:
        return
    stop = known.at if was.counted else _ceased(known, was, start, around.policy)
    yield _paid(known, start, stop, around)
    if not was.counted:
        yield Step(stop, known.content.customer, known, was, _events(known), estimated=True)


def _ceased(known: Version[Subscription], was: SubscriptionMrr, start: datetime, policy: Policy) -> datetime:
    told = _told_stop(known.content, was, policy) or known.content.current_period_start
    if told is not None and start < told < known.at:
        return told
    return (known.at - min(DAY, (known.at - start) / 2)).replace(microsecond=0)


def _paid(first: Version[Subscription], start: datetime, stop: datetime, around: Surroundings) -> Step:
    present = _present(first, stop, around)
    return Step(start, first.content.customer, first, present, _events(first), estimated=True)


def _events(first: Version[Subscription]) -> tuple[EventId, ...]:
    return () if first.event is None else (first.event,)


def _start(first: Version[Subscription], policy: Policy) -> datetime | None:
    """When it began to count; None where a first payment is not known of."""
    subscription = first.content
    start = subscription.start_date or subscription.created or first.at
    trial_end = subscription.trial_end
    if subscription.status is SubscriptionStatus.TRIALING:
        return start if policy.include_trials else None
    if subscription.status not in PAID:
        return None
    return start if trial_end is None or policy.include_trials else max(start, trial_end)


def _told_stop(subscription: Subscription, seen: SubscriptionMrr, policy: Policy) -> datetime | None:
    """When it ceased to count, as far as it tells itself."""
    match seen.rule:
        case Rule.CANCELED if policy.churn_recognition is ChurnRecognition.AT_REQUEST:
            return subscription.canceled_at or subscription.ended_at
        case Rule.CANCELED:
            return subscription.ended_at or subscription.canceled_at
        case Rule.ENDED:
            return ending(subscription)
        case Rule.CANCELLATION_REQUESTED:
            return subscription.canceled_at
        case Rule.PAST_DUE_TOO_LONG:
            since, days = subscription.current_period_start, policy.past_due_churn_after_days
            return None if since is None or days is None else since + timedelta(days=days)
        case _:
            return None


def _present(first: Version[Subscription], at: datetime, around: Surroundings) -> SubscriptionMrr:
    """What it would add at `at`, were it as alive as it was before."""
    subscription = with_discounts(first, applied_at(around, first.at))
    alive = replace(
        subscription,
        status=SubscriptionStatus.ACTIVE if subscription.status in PAID else subscription.status,
        cancel_at_period_end=False,
        cancel_at=None,
        ended_at=None,
        pause_collection=None,
    )
    return around.outlook.appraise(alive, replace(terms_at(around, first.at), now=at, customer_deleted=False))
