"""Lists of subscriptions, trials, cancellations, invoices and cards."""

from datetime import date
from typing import Annotated

from msgspec import Meta, field

from services.api.models.answer import Answer, Cursor, Days, Fresh, Instant, Money, Rate, Total
from services.api.models.ledger import Movement
from services.api.models.signals import Signal

Count = Annotated[int, Meta(ge=0)]


class Cancellation(Answer, frozen=True):
    """What was said when it was canceled."""

    reason: str | None
    feedback: str | None


class Trial(Answer, frozen=True):
    """A trial: when it began, is to end, ended, and became a paid subscription."""

    began_at: Instant
    ends_at: Instant | None
    ended_at: Instant | None
    converted_at: Instant | None


class Subscription(Answer, frozen=True):
    """A subscription: what it adds to MRR by which rule, and when it renews or ends."""

    subscription: str
    customer: str
    client: str | None
    status: str | None
    plans: list[str]
    currency: str | None
    mrr: Money | None
    counted: bool
    rule: str | None
    started_at: Instant | None
    renews_at: Instant | None
    ends_at: Instant | None
    ended_at: Instant | None
    canceled_at: Instant | None
    cancellation: Cancellation
    trial: Trial | None


class SubscriptionsPage(Fresh, frozen=True):
    """A page of subscriptions."""

    data: list[Subscription]
    next_cursor: Cursor | None
    livemode: bool


class Renewals(SubscriptionsPage, frozen=True):
    """Subscriptions that renew in the period."""

    period: Days


class TrialCounts(Answer, frozen=True):
    """Trials of the period."""

    new_trials: Count
    trials_ended: Count
    converted: Count
    trial_conversion_rate: Rate | None


class Trials(SubscriptionsPage, frozen=True):
    """Trials that began in the period."""

    period: Days
    counts: TrialCounts


class CancellationReason(Answer, frozen=True):
    """Churned MRR by what was said."""

    reason: str | None
    cancellation_reason: str | None
    feedback: str | None
    count: Count
    mrr: Total


class CancellationsOf(Answer, frozen=True):
    """The reasons within one part of the period."""

    from_: date = field(name="from")
    to: date
    reasons: list[CancellationReason]


class Cancellations(SubscriptionsPage, frozen=True):
    """Canceled subscriptions, and churned MRR by reason over time."""

    period: Days
    intervals: list[CancellationsOf]


class FailedPayment(Answer, frozen=True):
    """An open invoice that could not be collected."""

    invoice: str
    customer: str
    subscription: str | None
    amount_due: Money
    amount_remaining: Money
    attempts: Count
    next_attempt_at: Instant | None
    created_at: Instant
    due_at: Instant | None
    last_told_at: Instant


class FailedPayments(Fresh, frozen=True):
    """A page of open invoices with a failed attempt."""

    data: list[FailedPayment]
    next_cursor: Cursor | None
    livemode: bool


class Card(Answer, frozen=True):
    """A card, and when it expires."""

    card: str
    customer: str
    expires_at: Instant


class Cards(Fresh, frozen=True):
    """A page of cards that expire soon."""

    data: list[Card]
    next_cursor: Cursor | None
    livemode: bool


class InvoicesByStatus(Answer, frozen=True):
    """How many invoices of the period stand so, and what was due on them."""

    status: str
    count: Count
    amount_due: Money


class InvoiceSums(Fresh, frozen=True):
    """The invoices of a period by status; what was paid and given back in it."""

    period: Days
    livemode: bool
    by_status: list[InvoicesByStatus]
    paid: Total
    refunded: Total
    failed_payments: Count


class Invoice(Answer, frozen=True):
    """An invoice: what is due, what was paid, and how often that failed."""

    invoice: str
    customer: str
    subscription: str | None
    status: str | None
    amount_due: Money
    amount_paid: Money
    amount_remaining: Money
    attempts: Count
    next_attempt_at: Instant | None
    created_at: Instant
    due_at: Instant | None
    paid_at: Instant | None


class OfClient(Fresh, frozen=True):
    """A page of what belongs to a client."""

    client: str
    next_cursor: Cursor | None


class ClientSubscriptions(OfClient, frozen=True):
    """A client's subscriptions, ended ones too."""

    data: list[Subscription]


class ClientMovements(OfClient, frozen=True):
    """A client's entries of the ledger."""

    data: list[Movement]


class ClientInvoices(OfClient, frozen=True):
    """The invoices of a client's customers."""

    data: list[Invoice]


class ClientSignals(OfClient, frozen=True):
    """A client's signals, resolved ones too."""

    data: list[Signal]
