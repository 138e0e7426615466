"""Whether a subscription's status counts, and when the clock alone may change that."""

from datetime import datetime, timedelta
from typing import assert_never

from libs.domain.mrr.results import Rule, Terms
from libs.domain.policy import ChurnRecognition, PauseRule
from libs.domain.subscription import PauseBehavior, PauseCollection, Subscription, SubscriptionStatus
from libs.domain.value import value

Status = SubscriptionStatus


@value(frozen=True, slots=True)
class Standing:
    counted: bool
    rule: Rule
    next_change: datetime | None = None
    notes: tuple[str, ...] = ()


COUNTED = Standing(True, Rule.COUNTED)
DELETED = Standing(False, Rule.CUSTOMER_DELETED)
ENDED = Standing(False, Rule.ENDED)
REQUESTED = Standing(False, Rule.CANCELLATION_REQUESTED)


def standing_of(subscription: Subscription, terms: Terms) -> Standing:
    """Whether it counts: its customer, its end, its status, a pause of collection, in this order."""
    if terms.customer_deleted:
        return DELETED
    end = ending(subscription)
    if end is not None and end <= terms.now:
        return _not_counted(subscription.status) or ENDED
    standing = _by_status(subscription, terms)
    if not standing.counted:
        return standing
    if _leaving(subscription) and terms.policy.churn_recognition is ChurnRecognition.AT_REQUEST:
        return REQUESTED
    if subscription.pause_collection is not None:
        standing = _by_pause(subscription.pause_collection, standing, terms)
    return standing if end is None else _until(standing, end)


def ending(subscription: Subscription) -> datetime | None:
    """When it ends or ended, as far as is known: Stripe may say so later than it happens."""
    if subscription.ended_at is not None:
        return subscription.ended_at
    if subscription.cancel_at is not None:
        return subscription.cancel_at
    return subscription.current_period_end if subscription.cancel_at_period_end else None


def _leaving(subscription: Subscription) -> bool:
    return subscription.cancel_at_period_end or subscription.cancel_at is not None


def _by_status(subscription: Subscription, terms: Terms) -> Standing:
    match subscription.status:
        case Status.ACTIVE:
            return COUNTED
        case Status.TRIALING:
            return COUNTED if terms.policy.include_trials else Standing(False, Rule.TRIALING)
        case Status.PAST_DUE:
            return _past_due(subscription, terms)
        case _:
            return _not_counted(subscription.status) or COUNTED


def _not_counted(status: SubscriptionStatus) -> Standing | None:
    match status:
        case Status.UNPAID:
            return Standing(False, Rule.UNPAID)
        case Status.PAUSED:
            return Standing(False, Rule.PAUSED)
        case Status.INCOMPLETE:
            return Standing(False, Rule.INCOMPLETE)
        case Status.INCOMPLETE_EXPIRED:
            return Standing(False, Rule.INCOMPLETE_EXPIRED)
        case Status.CANCELED:
            return Standing(False, Rule.CANCELED)
        case Status.ACTIVE | Status.TRIALING | Status.PAST_DUE:
            return None
        case _:
            assert_never(status)


def _past_due(subscription: Subscription, terms: Terms) -> Standing:
    policy = terms.policy
    if not policy.include_past_due:
        return Standing(False, Rule.PAST_DUE)
    if policy.past_due_churn_after_days is None:
        return COUNTED
    notes: tuple[str, ...] = ()
    since = terms.past_due_since
    if since is None:
        # A renewal that nobody paid: the period that it opened began when the debt did.
        since, notes = subscription.current_period_start, ("past_due_since:assumed_from_period_start",)
    if since is None:
        return Standing(True, Rule.COUNTED, notes=("past_due_since:unknown",))
    limit = since + timedelta(days=policy.past_due_churn_after_days)
    if limit <= terms.now:
        return Standing(False, Rule.PAST_DUE_TOO_LONG, notes=notes)
    return Standing(True, Rule.COUNTED, limit, notes)


def _by_pause(pause: PauseCollection, standing: Standing, terms: Terms) -> Standing:
    if pause.resumes_at is not None and pause.resumes_at <= terms.now:
        return standing
    if _counts_while_paused(pause.behavior, terms.policy.pause_collection):
        return standing
    return Standing(False, Rule.COLLECTION_PAUSED, pause.resumes_at, standing.notes)


def _counts_while_paused(behavior: PauseBehavior, rule: PauseRule) -> bool:
    match rule:
        case PauseRule.INCLUDE:
            return True
        case PauseRule.EXCLUDE:
            return False
        case PauseRule.BY_BEHAVIOR:
            return behavior is PauseBehavior.KEEP_AS_DRAFT
        case _:
            assert_never(rule)


def _until(standing: Standing, end: datetime) -> Standing:
    change = end if standing.next_change is None else min(end, standing.next_change)
    return Standing(standing.counted, standing.rule, change, standing.notes)
