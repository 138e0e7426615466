"""What a caller asks the fake to create or change; amounts are Stripe's minor units."""

from dataclasses import dataclass, field
from typing import Literal

Interval = Literal["day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class TierSpec:
    """One step of a tiered price; `up_to` None is the last."""

    up_to: int | None
    unit: str | None = None
    flat: str | None = None


@dataclass(frozen=True, slots=True)
class PriceSpec:
    """A price: flat by `unit` (a decimal string), by `tiers`, by packages of `divide_by`, or one-time."""

    unit: str | None = "1000"
    currency: str = "usd"
    interval: Interval | None = "month"
    count: int = 1
    metered: bool = False
    tiers: tuple[TierSpec, ...] = ()
    tiers_mode: Literal["graduated", "volume"] = "graduated"
    divide_by: int | None = None
    round_: Literal["up", "down"] = "up"
    product: str | None = None
    tax_behavior: Literal["exclusive", "inclusive", "unspecified"] = "unspecified"
    nickname: str | None = None


@dataclass(frozen=True, slots=True)
class CouponSpec:
    """A coupon: percent or amount, how long it lasts, and the products it is limited to."""

    percent_off: float | None = None
    amount_off: int | None = None
    currency: str | None = None
    duration: Literal["once", "repeating", "forever"] = "forever"
    months: int | None = None
    products: tuple[str, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """One line of a subscription."""

    price: str
    quantity: int | None = 1
    coupons: tuple[str, ...] = ()
    tax_rates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubscriptionSpec:
    """A subscription to start now."""

    items: tuple[ItemSpec, ...]
    coupons: tuple[str, ...] = ()
    trial_days: int | None = None
    collection_method: Literal["charge_automatically", "send_invoice"] = "charge_automatically"
    days_until_due: int | None = None
    payment_behavior: Literal["allow_incomplete", "default_incomplete"] = "allow_incomplete"
    billing_mode: Literal["classic", "flexible"] = "flexible"
    trial_end_without_payment_method: Literal["cancel", "create_invoice", "pause"] = "create_invoice"
    cancel_at: int | None = None
    default_tax_rates: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


Feedback = Literal[
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
]


@dataclass(frozen=True, slots=True)
class CancellationSpec:
    """Why a customer leaves."""

    reason: Literal["cancellation_requested", "payment_failed", "payment_disputed", "canceled_by_retention_policy"] = (
        "cancellation_requested"
    )
    feedback: Feedback | None = None
    comment: str | None = None
