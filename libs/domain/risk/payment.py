"""How the payment of one invoice goes: attempts that fail, and an end."""

from datetime import datetime

from libs.domain.identity import Currency, CustomerId, EventId, InvoiceId, SubscriptionId
from libs.domain.invoice import PaymentOutcome
from libs.domain.value import value

PROGRESS = (
    PaymentOutcome.OPEN,
    PaymentOutcome.ACTION_REQUIRED,
    PaymentOutcome.FAILED,
    PaymentOutcome.UNCOLLECTIBLE,
    PaymentOutcome.PAID,
    PaymentOutcome.VOIDED,
)
"""Of two versions of one second, the later one stands further on in this row."""

ENDS = frozenset({PaymentOutcome.PAID, PaymentOutcome.VOIDED})
"""What Stripe never takes back. An uncollectible invoice can still be paid."""


@value(frozen=True, slots=True)
class InvoicePayment:
    """One version of an invoice's payment. Amounts in minor units."""

    invoice: InvoiceId
    customer: CustomerId
    at: datetime
    rank: int
    outcome: PaymentOutcome
    currency: Currency
    amount_due: int
    subscription: SubscriptionId | None = None
    attempt: int = 0
    next_attempt_at: datetime | None = None
    collected_automatically: bool = True
    events: tuple[EventId, ...] = ()


Payments = tuple[InvoicePayment, ...]
"""The versions of one invoice's payment that say something happened to it, oldest first."""


def with_payment(payments: Payments, payment: InvoicePayment) -> Payments:
    """`payments` and one more version of the same invoice; the same object when it tells nothing new.

    Order-independent: what is kept is the set of versions, in an order that they alone decide.
    """
    if payment.outcome is PaymentOutcome.OPEN or payment in payments:
        return payments
    return tuple(sorted((*payments, payment), key=progress))


def progress(payment: InvoicePayment) -> tuple[datetime, int, int, int, str]:
    """What orders the versions of a payment: time, rank, how far it has come, which attempt."""
    return payment.at, payment.rank, PROGRESS.index(payment.outcome), payment.attempt, repr(payment)


def end_of_payment(payments: Payments) -> InvoicePayment | None:
    """The first version that shows the payment ended; nothing that comes later changes it."""
    return next((payment for payment in payments if payment.outcome in ENDS), None)


def before_end(payments: Payments) -> Payments:
    """The versions up to the end of the payment, less that end."""
    end = end_of_payment(payments)
    return payments if end is None else payments[: payments.index(end)]
