"""Coupons and their application to a customer, a subscription or an item."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from libs.domain.identity import CouponId, Currency, DiscountId, ItemId, ProductId, SubscriptionId
from libs.domain.value import value


class Duration(StrEnum):
    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


@value(frozen=True, slots=True)
class AmountOff:
    """Minor units of one currency; a coupon may carry one for each of several currencies."""

    currency: Currency
    amount: int


@value(frozen=True, slots=True)
class Coupon:
    """Either `percent_off` (0–100, exact) or `amounts_off`. `products` None applies to every product."""

    id: CouponId
    duration: Duration
    percent_off: Decimal | None = None
    amounts_off: tuple[AmountOff, ...] = ()
    duration_in_months: int | None = None
    products: tuple[ProductId, ...] | None = None


@value(frozen=True, slots=True)
class Discount:
    """A coupon in force from `start` until `end` (None: without end). `coupon` is None while only its id is known."""

    id: DiscountId
    coupon: Coupon | None
    coupon_id: CouponId | None = None
    start: datetime | None = None
    end: datetime | None = None


@value(frozen=True, slots=True)
class AppliedDiscount:
    """What a `customer.discount.*` event tells: where the discount sits.

    With an `item` it lowers that item of the `subscription` alone; without a `subscription` it is the customer's.
    """

    discount: Discount
    subscription: SubscriptionId | None = None
    item: ItemId | None = None
    removed: bool = False
