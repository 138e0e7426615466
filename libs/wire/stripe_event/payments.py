"""What Stripe's objects tell of money that came, went back, or may fail to come; read for the read model alone."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event.kinds import Kind, action_of, kind_of
from libs.wire.stripe_event.narrowing import id_of, instant, shaped
from libs.wire.stripe_event.risk_shapes import MethodShape
from libs.wire.stripe_event.shapes import Amount, Id, Reference, Stamp

FAILED = frozenset({"failed", "canceled"})
DECEMBER = 12


class _Transitions(msgspec.Struct, frozen=True):
    paid_at: Stamp | None = None


class _InvoiceShape(msgspec.Struct, frozen=True):
    status_transitions: _Transitions | None = None


class _RefundShape(msgspec.Struct, frozen=True):
    id: Id
    amount: Amount
    currency: str
    charge: str | Reference | None = None
    status: str | None = None
    created: Stamp | None = None


class _ChargeShape(msgspec.Struct, frozen=True):
    id: Id
    amount_refunded: Amount
    currency: str


_invoices = msgspec.json.Decoder(_InvoiceShape)
_refunds = msgspec.json.Decoder(_RefundShape)
_charges = msgspec.json.Decoder(_ChargeShape)
_methods = msgspec.json.Decoder(MethodShape)


@dataclass(frozen=True, slots=True)
class Refunded:
    """What one record says was given back. A charge says how much of it in all (`in_all`), a refund only itself."""

    id: str
    charge: str
    amount: int
    currency: str
    at: datetime
    in_all: bool
    failed: bool = False


@dataclass(frozen=True, slots=True)
class CardTold:
    """A means of payment; `expires_at` where the project keeps when cards expire. `gone`: nobody pays with it."""

    id: str
    customer: str
    gone: bool
    expires_at: datetime | None


def paid_at(record: StripeRecord) -> datetime | None:
    """When an invoice was paid, where it says so."""
    transitions = shaped(_invoices, record.object).status_transitions
    return None if transitions is None else instant(transitions.paid_at)


def refunded(record: StripeRecord) -> Refunded | None:
    """What a refund or a charge tells of money given back; None for other records, and where it says too little."""
    kind, told_at = kind_of(record.type), record.version.created
    try:
        if kind is Kind.CHARGE and action_of(record.type) == "refunded":
            charge = shaped(_charges, record.object)
            total = charge.amount_refunded
            return Refunded(str(total), charge.id, total, charge.currency.lower(), told_at, in_all=True)
        if kind is Kind.REFUND:
            return _refund(shaped(_refunds, record.object), record)
    except MalformedRecord:
        return None
    return None


def card_told(record: StripeRecord) -> CardTold | None:
    """A card, or a payment method of any kind; None for other records."""
    if kind_of(record.type) not in (Kind.CARD, Kind.PAYMENT_METHOD):
        return None
    shape = shaped(_methods, record.object)
    held = shape.card or shape
    customer = id_of(shape.customer)
    gone = action_of(record.type) in ("deleted", "detached") or customer is None
    return CardTold(shape.id, customer or record.customer or "", gone, _end_of_month(held.exp_year, held.exp_month))


def _refund(shape: _RefundShape, record: StripeRecord) -> Refunded:
    """A snapshot tells of it later than it was made."""
    made = instant(shape.created)
    at = record.version.created if record.event_id is not None or made is None else made
    charge = id_of(shape.charge) or ""
    failed = shape.status in FAILED
    return Refunded(shape.id, charge, shape.amount, shape.currency.lower(), at, in_all=False, failed=failed)


def _end_of_month(year: int | None, month: int | None) -> datetime | None:
    """A card is good to the end of its month."""
    if year is None or month is None:
        return None
    return datetime(year + month // DECEMBER, month % DECEMBER + 1, 1, tzinfo=UTC)
