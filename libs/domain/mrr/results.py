"""What is asked of the rules, and what they answer."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from libs.domain.discount import Discount
from libs.domain.identity import Currency, DiscountId, ItemId, PriceId, ProductId, SubscriptionId
from libs.domain.mrr.wording import Reason
from libs.domain.policy import DEFAULT, Policy
from libs.domain.price import Interval
from libs.domain.value import value


class Rule(StrEnum):
    """Why a subscription or an item counts, or does not."""

    COUNTED = "counted"
    TRIALING = "trialing"
    PAST_DUE = "past_due"
    PAST_DUE_TOO_LONG = "past_due_too_long"
    UNPAID = "unpaid"
    PAUSED = "paused"
    COLLECTION_PAUSED = "collection_paused"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    CANCELED = "canceled"
    ENDED = "ended"
    CANCELLATION_REQUESTED = "cancellation_requested"
    CUSTOMER_DELETED = "customer_deleted"
    ONE_TIME = "one_time"
    METERED = "metered"
    UNKNOWN_PRICE = "unknown_price"


@value(frozen=True, slots=True)
class Terms:
    """What MRR depends on beside the subscription itself.

    `customer_discount` is the customer's own; `past_due_since` when the present past-due spell began, where history
    tells; `known_discounts` complete those that the subscription carries by id only.
    """

    now: datetime
    policy: Policy = DEFAULT
    customer_discount: Discount | None = None
    past_due_since: datetime | None = None
    customer_deleted: bool = False
    known_discounts: Mapping[DiscountId, Discount] = field(default_factory=dict)


@value(frozen=True, slots=True)
class ItemMrr:
    """One item a month, in exact minor units: `amount` = `gross` − `discount`; where it doesn't count, `amount` is 0.

    `interval` is None for a one-time price. `why` tells the way from the price to the amount, for people.
    """

    item: ItemId
    price: PriceId
    product: ProductId | None
    interval: Interval | None
    interval_count: int
    quantity: int | None
    gross: Fraction
    discount: Fraction
    amount: Fraction
    rule: Rule
    reasons: tuple[Reason, ...]

    @property
    def why(self) -> tuple[str, ...]:
        return tuple(map(str, self.reasons))


@value(frozen=True, slots=True)
class SubscriptionMrr:
    """One subscription a month, in exact minor units; `amount` is the exact sum of its items.

    `counted` says whether the status counts under the policy (a free subscription too). `gaps` name what could not be
    computed; with any, `amount` is only what could. `notes` name where an assumption was made. `next_change` is the
    next instant at which the clock alone may change the answer.
    """

    subscription: SubscriptionId
    currency: Currency
    amount: Fraction
    counted: bool
    rule: Rule
    items: tuple[ItemMrr, ...]
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next_change: datetime | None = None
