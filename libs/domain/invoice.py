"""An invoice, as far as payment and risk depend on it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from libs.domain.identity import Currency, CustomerId, InvoiceId, SubscriptionId


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


@dataclass(frozen=True, slots=True)
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
