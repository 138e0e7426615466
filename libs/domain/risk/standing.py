"""What a subscription is worth, whether it counts at the moment or not: what a risk rule weighs."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from libs.domain.mrr import Evaluate, SubscriptionMrr, Terms, evaluate
from libs.domain.mrr.months import months_of
from libs.domain.mrr.standing import ending
from libs.domain.policy import Policy
from libs.domain.price import Recurring
from libs.domain.subscription import Subscription, SubscriptionStatus
from libs.domain.value import value

ZERO = Fraction(0)


@value(frozen=True, slots=True)
class Worth:
    """Exact minor units: `monthly` whenever its status counts (None: can't be told), `renewal` at its period's end."""

    monthly: Fraction | None
    renewal: Fraction


def worth_of(subscription: Subscription, policy: Policy, at: datetime, appraise: Evaluate = evaluate) -> Worth:
    """What the subscription pays as if it were active at `at`, by itself: its own discounts, not its customer's.

    A pure function of one version and the policy, so that each delivery of a version tells the same.
    """
    answer = appraise(_running(subscription), Terms(now=at, policy=policy))
    return Worth(None if answer.gaps else answer.amount, _renewal(subscription, answer, policy))


def _running(subscription: Subscription) -> Subscription:
    ends = subscription.cancel_at_period_end or subscription.cancel_at or subscription.ended_at
    if subscription.status is SubscriptionStatus.ACTIVE and not ends and subscription.pause_collection is None:
        return subscription
    return replace(
        subscription,
        status=SubscriptionStatus.ACTIVE,
        cancel_at_period_end=False,
        cancel_at=None,
        ended_at=None,
        pause_collection=None,
    )


def scheduled_end(subscription: Subscription) -> datetime | None:
    """When a cancellation that was asked for will end it; None where none was, or it has ended."""
    leaving = subscription.cancel_at_period_end or subscription.cancel_at is not None
    return ending(subscription) if leaving else None


def _renewal(subscription: Subscription, answer: SubscriptionMrr, policy: Policy) -> Fraction:
    if len(subscription.items) == 1:
        return _due(answer.amount, subscription.items[0].price.recurring, policy)
    rhythms = {item.id: item.price.recurring for item in subscription.items}
    return sum((_due(item.amount, rhythms.get(item.item), policy) for item in answer.items), ZERO)


def _due(monthly: Fraction, recurring: Recurring | None, policy: Policy) -> Fraction:
    if recurring is None or not monthly:
        return ZERO
    months = months_of(recurring, policy)
    return monthly if months == 1 else monthly * months
