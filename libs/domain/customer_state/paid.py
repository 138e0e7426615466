"""Since when a subscription has been paid for, as far as one version of it tells."""

from datetime import datetime
from decimal import Decimal

from libs.domain.discount import Discount
from libs.domain.price import UsageType
from libs.domain.subscription import Item, Subscription, SubscriptionStatus
from libs.domain.version import Version

PAID = frozenset(
    {
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.PAST_DUE,
        SubscriptionStatus.UNPAID,
        SubscriptionStatus.PAUSED,
        SubscriptionStatus.CANCELED,
    }
)
"""Statuses that follow a first payment. One first seen paused, unpaid or canceled counts as paid before."""

EVERYTHING = Decimal(100)


def paid_since(version: Version[Subscription]) -> datetime | None:
    """The start of the subscription, or the end of its trial.

    None where it was free or ended within its trial, and where the record is too incomplete to tell.
    """
    subscription = version.content
    if subscription.gaps or subscription.status not in PAID or not _costs_something(subscription):
        return None
    start = subscription.start_date or subscription.created or version.at
    if subscription.trial_end is not None and subscription.trial_end > start:
        start = subscription.trial_end
    if subscription.status is SubscriptionStatus.CANCELED:
        end = subscription.ended_at or subscription.canceled_at or version.at
        return start if start < end else None
    return min(start, version.at)


def _costs_something(subscription: Subscription) -> bool:
    if any(map(_grants_everything, subscription.discounts)):
        return False
    return any(map(_is_charged, subscription.items))


def _is_charged(item: Item) -> bool:
    price = item.price
    if price.recurring is None or price.recurring.usage_type is UsageType.METERED or item.quantity == 0:
        return False
    if any(map(_grants_everything, item.discounts)):
        return False
    return price.unit_amount is None or price.unit_amount > 0


def _grants_everything(discount: Discount) -> bool:
    coupon = discount.coupon
    return (
        coupon is not None
        and coupon.percent_off is not None
        and coupon.percent_off >= EVERYTHING
        and coupon.products is None
    )
