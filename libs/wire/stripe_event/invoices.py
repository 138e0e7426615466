"""Stripe's invoice, as far as payment depends on it."""

import msgspec

from libs.domain.identity import Currency, CustomerId, InvoiceId, SubscriptionId
from libs.domain.invoice import Invoice, InvoiceStatus
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.fingerprints import fingerprint
from libs.wire.stripe_event.narrowing import id_of, instant
from libs.wire.stripe_event.shapes import InvoiceShape

DECODER = msgspec.json.Decoder(InvoiceShape)

FIELDS = frozenset(InvoiceShape.__struct_fields__) - {
    "id",
    "currency",
    "customer",
    "customer_account",
    "created",
    "date",
}


def invoice_of(shape: InvoiceShape, deleted: bool) -> Invoice:
    """The invoice; a deleted draft counts as void. Raises MalformedRecord."""
    customer = id_of(shape.customer) or shape.customer_account
    if customer is None:
        raise MalformedRecord(f"invoice {shape.id} has no customer")
    subscription = _subscription(shape)
    status = InvoiceStatus.VOID if deleted or shape.deleted else _status(shape)
    paid = _amount_paid(shape, status)
    return Invoice(
        id=InvoiceId(shape.id),
        customer=CustomerId(customer),
        status=status,
        currency=Currency(shape.currency.lower()),
        subscription=None if subscription is None else SubscriptionId(subscription),
        amount_due=shape.amount_due,
        amount_paid=paid,
        amount_remaining=shape.amount_due - paid if shape.amount_remaining is None else shape.amount_remaining,
        attempt_count=shape.attempt_count,
        attempted=shape.attempted,
        next_attempt_at=instant(shape.next_payment_attempt),
        collected_automatically=(shape.collection_method or shape.billing) != "send_invoice",
        due_date=instant(shape.due_date),
        created=instant(shape.created if shape.created is not None else shape.date),
    )


def invoice_fingerprint(invoice: Invoice) -> bytes:
    """What the invoice says about its payment."""
    return fingerprint(
        (
            invoice.status,
            invoice.subscription,
            invoice.amount_due,
            invoice.amount_paid,
            invoice.amount_remaining,
            invoice.attempt_count,
            invoice.attempted,
            invoice.next_attempt_at,
            invoice.collected_automatically,
            invoice.due_date,
        )
    )


def _subscription(shape: InvoiceShape) -> str | None:
    details = None if shape.parent is None else shape.parent.subscription_details
    return id_of(shape.subscription) or (None if details is None else id_of(details.subscription))


def _amount_paid(shape: InvoiceShape, status: InvoiceStatus) -> int:
    if shape.amount_paid is not None:
        return shape.amount_paid
    return shape.amount_due if status is InvoiceStatus.PAID else 0


def _status(shape: InvoiceShape) -> InvoiceStatus:
    """`status` came in November 2018; before, three booleans said it."""
    if shape.status is not None:
        return shape.status
    if shape.paid:
        return InvoiceStatus.PAID
    if shape.forgiven:
        return InvoiceStatus.UNCOLLECTIBLE
    if shape.closed:
        return InvoiceStatus.VOID
    return InvoiceStatus.OPEN if shape.attempted else InvoiceStatus.DRAFT
