"""Why a subscription adds more or less than before, told from the two steps."""

from enum import StrEnum
from fractions import Fraction

from libs.domain.identity import PriceId
from libs.domain.ledger.step import Step
from libs.domain.mrr import Rule, SubscriptionMrr

NOTHING = Fraction(0)


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


def reason_of(before: Step | None, after: Step) -> Reason:
    """Why the amount changed from `before` (None: nothing was known of the subscription) to `after`."""
    if before is None or not before.mrr.counted:
        return _began(before, after)
    if not after.mrr.counted:
        return _ceased(after)
    return _changed(before.mrr, after.mrr)


def _began(before: Step | None, after: Step) -> Reason:
    rule = None if before is None else before.mrr.rule
    if rule is Rule.TRIALING or (before is None and after.version.content.trial_end == after.at):
        return Reason.TRIAL_CONVERTED
    if rule in PAUSED:
        return Reason.RESUMED
    if rule in UNPAID:
        return Reason.PAYMENT_RECOVERED
    return Reason.CANCELLATION_WITHDRAWN if rule is Rule.CANCELLATION_REQUESTED else Reason.SUBSCRIPTION_STARTED


def _ceased(after: Step) -> Reason:
    rule = after.mrr.rule
    if rule in UNPAID or after.version.content.cancellation.reason == "payment_failed":
        return Reason.PAYMENT_FAILURE
    if rule in PAUSED:
        return Reason.PAUSE
    if rule in CANCELED:
        return Reason.CANCELLATION
    return Reason.CUSTOMER_DELETED if rule is Rule.CUSTOMER_DELETED else Reason.OTHER


def _changed(before: SubscriptionMrr, after: SubscriptionMrr) -> Reason:
    """Of price, quantity and discount, what moved the amount most."""
    gross = _gross(after) - _gross(before)
    discount = _discount(after) - _discount(before)
    if abs(discount) > abs(gross):
        return Reason.DISCOUNT_BEGAN if discount > 0 else Reason.DISCOUNT_ENDED
    old, new = _quantities(before), _quantities(after)
    if old.keys() == new.keys() and old != new:
        return Reason.QUANTITY_CHANGE
    return Reason.PLAN_CHANGE if gross else Reason.OTHER


def _gross(mrr: SubscriptionMrr) -> Fraction:
    return sum((item.gross for item in mrr.items), NOTHING)


def _discount(mrr: SubscriptionMrr) -> Fraction:
    return sum((item.discount for item in mrr.items), NOTHING)


def _quantities(mrr: SubscriptionMrr) -> dict[PriceId, int]:
    found: dict[PriceId, int] = {}
    for item in mrr.items:
        found[item.price] = found.get(item.price, 0) + (1 if item.quantity is None else item.quantity)
    return found
