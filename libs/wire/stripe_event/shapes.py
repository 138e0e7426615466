"""Stripe's objects as they arrive, in every shape since 2018. Fields that nothing depends on are skipped unread.

Types are strict: an amount that is no 64-bit integer, or a negative quantity, is a malformed record, never a guess.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

from libs.domain.invoice import InvoiceStatus
from libs.domain.subscription import PauseBehavior, SubscriptionStatus

Amount = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Stamp = Annotated[int, msgspec.Meta(ge=0, le=253402300799)]  # until the year 9999
Id = Annotated[str, msgspec.Meta(min_length=1)]

ABSENT = msgspec.Raw(b"null")


class Reference(msgspec.Struct, frozen=True, gc=False):
    """An expanded object of which only the id matters."""

    id: Id


class CurrencyAmountOff(msgspec.Struct, frozen=True, gc=False):
    amount_off: Amount


class AppliesTo(msgspec.Struct, frozen=True):
    products: tuple[str, ...] | None = None


class CouponShape(msgspec.Struct, frozen=True):
    """`applies_to` and `currency_options` are there only where they were expanded."""

    id: Id
    duration: str | None = None
    duration_in_months: Quantity | None = None
    percent_off: Decimal | None = None
    amount_off: Amount | None = None
    currency: str | None = None
    currency_options: dict[str, CurrencyAmountOff] | None = None
    applies_to: AppliesTo | None = None


class DiscountSource(msgspec.Struct, frozen=True):
    """Clover and later: what a discount comes from, instead of `discount.coupon`."""

    coupon: str | CouponShape | None = None


class DiscountShape(msgspec.Struct, frozen=True):
    """`coupon` until clover, `source` since. Discounts of 2018 have no id."""

    id: str | None = None
    coupon: str | CouponShape | None = None
    source: DiscountSource | None = None
    start: Stamp | None = None
    end: Stamp | None = None
    subscription: str | Reference | None = None
    subscription_item: str | Reference | None = None
    deleted: bool = False


class TaxRateShape(msgspec.Struct, frozen=True, gc=False):
    percentage: Decimal | None = None
    inclusive: bool = False


class ItemShape(msgspec.Struct, frozen=True):
    """`price` since 2020, `plan` before; both may be there and then say the same."""

    id: Id
    price: msgspec.Raw = ABSENT
    plan: msgspec.Raw = ABSENT
    quantity: Quantity | None = None
    discounts: tuple[str | DiscountShape, ...] | None = None
    tax_rates: tuple[str | TaxRateShape, ...] | None = None
    current_period_start: Stamp | None = None
    current_period_end: Stamp | None = None


class ItemList(msgspec.Struct, frozen=True):
    data: tuple[ItemShape, ...]
    has_more: bool = False


class PauseShape(msgspec.Struct, frozen=True, gc=False):
    behavior: PauseBehavior
    resumes_at: Stamp | None = None


class CancellationShape(msgspec.Struct, frozen=True, gc=False):
    reason: str | None = None
    feedback: str | None = None
    comment: str | None = None


class SubscriptionShape(msgspec.Struct, frozen=True):
    """`plan` and `quantity` stand on the subscription itself in 2018; the period does until basil.

    The `start` of 2018 is not read: it was the last change of the plan, not the beginning. The last four say what pays
    for it, and how; of a method that is not even null nothing is known.
    """

    id: Id
    status: SubscriptionStatus
    customer: str | Reference | None = None
    customer_account: str | None = None
    currency: str | None = None
    items: ItemList | None = None
    plan: msgspec.Raw = ABSENT
    quantity: Quantity | None = None
    discount: str | DiscountShape | None = None
    discounts: tuple[str | DiscountShape, ...] | None = None
    default_tax_rates: tuple[str | TaxRateShape, ...] | None = None
    created: Stamp | None = None
    start_date: Stamp | None = None
    trial_start: Stamp | None = None
    trial_end: Stamp | None = None
    current_period_start: Stamp | None = None
    current_period_end: Stamp | None = None
    cancel_at_period_end: bool = False
    cancel_at: Stamp | None = None
    canceled_at: Stamp | None = None
    ended_at: Stamp | None = None
    pause_collection: PauseShape | None = None
    cancellation_details: CancellationShape | None = None
    default_payment_method: str | Reference | msgspec.UnsetType | None = msgspec.UNSET
    default_source: str | Reference | msgspec.UnsetType | None = msgspec.UNSET
    collection_method: str | None = None
    billing: str | None = None


class InvoiceSettings(msgspec.Struct, frozen=True):
    default_payment_method: str | Reference | None = None


class CustomerShape(msgspec.Struct, frozen=True):
    """The last two say what pays for subscriptions without a method of their own."""

    id: Id
    email: str | None = None
    discount: str | DiscountShape | None = None
    metadata: dict[str, str | None] | None = None
    created: Stamp | None = None
    deleted: bool = False
    invoice_settings: InvoiceSettings | None = None
    default_source: str | Reference | None = None


class SubscriptionDetails(msgspec.Struct, frozen=True):
    subscription: str | Reference | None = None


class InvoiceParent(msgspec.Struct, frozen=True):
    subscription_details: SubscriptionDetails | None = None


class InvoiceShape(msgspec.Struct, frozen=True):
    """`status` is missing in early 2018 (`paid`, `closed`, `forgiven`); `parent` replaces `subscription` in basil."""

    id: Id
    currency: str
    customer: str | Reference | None = None
    customer_account: str | None = None
    status: InvoiceStatus | None = None
    paid: bool | None = None
    closed: bool | None = None
    forgiven: bool | None = None
    subscription: str | Reference | None = None
    parent: InvoiceParent | None = None
    amount_due: Amount = 0
    amount_paid: Amount | None = None
    amount_remaining: Amount | None = None
    attempt_count: Quantity = 0
    attempted: bool = False
    next_payment_attempt: Stamp | None = None
    collection_method: str | None = None
    billing: str | None = None
    due_date: Stamp | None = None
    created: Stamp | None = None
    date: Stamp | None = None
    deleted: bool = False
