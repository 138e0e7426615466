"""An invoice, as far as payment and risk depend on it."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from libs.domain.identity import Currency, CustomerId, InvoiceId, SubscriptionId
from libs.domain.value import value


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


@value(frozen=True, slots=True)
class Invoice:
    """Amounts in minor units. `next_attempt_at` None on an open, automatically collected invoice: no retry is left."""

    id: InvoiceId
    customer: CustomerId
    status: InvoiceStatus
    currency: Currency
    subscription: SubscriptionId | None = None
    amount_due: int = 0
    amount_paid: int = 0
    amount_remaining: int = 0
    attempt_count: int = 0
    attempted: bool = False
    next_attempt_at: datetime | None = None
    collected_automatically: bool = True
    due_date: datetime | None = None
    created: datetime | None = None


class PaymentOutcome(StrEnum):
    """How an invoice's payment stands. OPEN: due, and nothing has gone wrong yet."""

    OPEN = "open"
    ACTION_REQUIRED = "action_required"
    FAILED = "failed"
    PAID = "paid"
    VOIDED = "voided"
    UNCOLLECTIBLE = "uncollectible"


def payment_outcome(invoice: Invoice) -> PaymentOutcome:
    """What the invoice itself says of its payment. An attempt that left it open has failed; one that is sent to be
    paid has failed only once an attempt was made."""
    match invoice.status:
        case InvoiceStatus.PAID:
            return PaymentOutcome.PAID
        case InvoiceStatus.VOID:
            return PaymentOutcome.VOIDED
        case InvoiceStatus.UNCOLLECTIBLE:
            return PaymentOutcome.UNCOLLECTIBLE
        case InvoiceStatus.DRAFT:
            return PaymentOutcome.OPEN
        case InvoiceStatus.OPEN:
            return PaymentOutcome.FAILED if invoice.attempt_count > 0 else PaymentOutcome.OPEN
        case _:
            assert_never(invoice.status)
