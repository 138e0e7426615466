"""Why a subscription adds more or less than before, told from the two levels."""

from enum import StrEnum

from libs.domain.ledger.level import Level
from libs.domain.mrr import Rule


class Reason(StrEnum):
    SUBSCRIPTION_STARTED = "subscription_started"
    TRIAL_CONVERTED = "trial_converted"
    PLAN_CHANGE = "plan_change"
    QUANTITY_CHANGE = "quantity_change"
    DISCOUNT_BEGAN = "discount_began"
    DISCOUNT_ENDED = "discount_ended"
    PAUSE = "pause"
    RESUMED = "resumed"
    CANCELLATION = "cancellation"
    CANCELLATION_WITHDRAWN = "cancellation_withdrawn"
    PAYMENT_FAILURE = "payment_failure"
    PAYMENT_RECOVERED = "payment_recovered"
    CUSTOMER_DELETED = "customer_deleted"
    EXCHANGE_RATE = "exchange_rate"
    CURRENCY_CHANGE = "currency_change"
    MAPPING = "mapping"
    OTHER = "other"


UNPAID = frozenset({Rule.UNPAID, Rule.PAST_DUE, Rule.PAST_DUE_TOO_LONG, Rule.INCOMPLETE_EXPIRED})
PAUSED = frozenset({Rule.PAUSED, Rule.COLLECTION_PAUSED})
CANCELED = frozenset({Rule.CANCELED, Rule.ENDED, Rule.CANCELLATION_REQUESTED})


def reason_of(before: Level | None, after: Level) -> Reason:
    """Why the amount changed from `before` (None: nothing was known of the subscription) to `after`."""
    if before is None or not before.counted:
        return _began(before, after)
    if not after.counted:
        return _ceased(after)
    return _changed(before, after)


def _began(before: Level | None, after: Level) -> Reason:
    rule = None if before is None else before.rule
    if rule is Rule.TRIALING or (before is None and after.converts):
        return Reason.TRIAL_CONVERTED
    if rule in PAUSED:
        return Reason.RESUMED
    if rule in UNPAID:
        return Reason.PAYMENT_RECOVERED
    return Reason.CANCELLATION_WITHDRAWN if rule is Rule.CANCELLATION_REQUESTED else Reason.SUBSCRIPTION_STARTED


def _ceased(after: Level) -> Reason:
    rule, why = after.rule, after.cancellation
    if rule in UNPAID or (why is not None and why.reason == "payment_failed"):
        return Reason.PAYMENT_FAILURE
    if rule in PAUSED:
        return Reason.PAUSE
    if rule in CANCELED:
        return Reason.CANCELLATION
    return Reason.CUSTOMER_DELETED if rule is Rule.CUSTOMER_DELETED else Reason.OTHER


def _changed(before: Level, after: Level) -> Reason:
    """Of price, quantity and discount, what moved the amount most."""
    gross = after.gross - before.gross
    discount = after.discount - before.discount
    if abs(discount) > abs(gross):
        return Reason.DISCOUNT_BEGAN if discount > 0 else Reason.DISCOUNT_ENDED
    if before.prices == after.prices and before.quantities != after.quantities:
        return Reason.QUANTITY_CHANGE
    return Reason.PLAN_CHANGE if gross else Reason.OTHER
