"""A subscription as it stood at one moment: the part of Stripe's object that revenue and risk depend on."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from libs.domain.discount import Discount
from libs.domain.identity import Currency, CustomerId, ItemId, SubscriptionId
from libs.domain.price import Price
from libs.domain.value import value


class SubscriptionStatus(StrEnum):
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"


class PauseBehavior(StrEnum):
    """`pause_collection.behavior`: what Stripe does with the invoices of a subscription whose collection is paused."""

    VOID = "void"
    KEEP_AS_DRAFT = "keep_as_draft"
    MARK_UNCOLLECTIBLE = "mark_uncollectible"


@value(frozen=True, slots=True)
class PauseCollection:
    behavior: PauseBehavior
    resumes_at: datetime | None = None


@value(frozen=True, slots=True)
class Cancellation:
    """`cancellation_details`: why it ends, as Stripe and the subscriber said."""

    reason: str | None = None
    feedback: str | None = None
    comment: str | None = None


@value(frozen=True, slots=True)
class Item:
    """One priced line. `quantity` None is 1 for a licensed price and unknown usage for a metered one.

    `inclusive_tax` holds the percentages of inclusive tax rates on the item (or, where it has none, on the
    subscription); None when no rate is known.
    """

    id: ItemId
    price: Price
    quantity: int | None = 1
    discounts: tuple[Discount, ...] = ()
    inclusive_tax: tuple[Decimal, ...] | None = None


@value(frozen=True, slots=True)
class Subscription:
    """`gaps` names what the record lacks (`items`, `tiers:price_1`, `coupon:CODE`); with any it is incomplete."""

    id: SubscriptionId
    customer: CustomerId
    status: SubscriptionStatus
    currency: Currency
    items: tuple[Item, ...]
    discounts: tuple[Discount, ...] = ()
    created: datetime | None = None
    start_date: datetime | None = None
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    current_period_start: datetime | None = None
    current_period_end: datetime | None = None
    cancel_at_period_end: bool = False
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    pause_collection: PauseCollection | None = None
    cancellation: Cancellation = Cancellation()
    gaps: tuple[str, ...] = ()
