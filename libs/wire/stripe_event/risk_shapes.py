"""Stripe's objects as far as only risk depends on them."""

from typing import Annotated

import msgspec

from libs.wire.stripe_event.shapes import Amount, Id, Reference, Stamp

Month = Annotated[int, msgspec.Meta(ge=1, le=12)]
Year = Annotated[int, msgspec.Meta(ge=1970, le=9998)]


class CardShape(msgspec.Struct, frozen=True):
    exp_month: Month | None = None
    exp_year: Year | None = None


class MethodShape(msgspec.Struct, frozen=True):
    """A payment method holds its card; a card of the older kind is one itself."""

    id: Id
    customer: str | Reference | None = None
    card: CardShape | None = None
    exp_month: Month | None = None
    exp_year: Year | None = None


class EvidenceDetails(msgspec.Struct, frozen=True):
    due_by: Stamp | None = None


class DisputeShape(msgspec.Struct, frozen=True):
    id: Id
    status: str
    currency: str
    amount: Amount
    created: Stamp
    reason: str | None = None
    evidence_details: EvidenceDetails | None = None


class WarningShape(msgspec.Struct, frozen=True):
    id: Id
    created: Stamp
    fraud_type: str = "unknown"
    actionable: bool = True


class OutcomeShape(msgspec.Struct, frozen=True):
    reason: str | None = None
    advice_code: str | None = None
    network_decline_code: str | None = None


class ChargeShape(msgspec.Struct, frozen=True):
    id: Id
    currency: str
    amount: Amount
    failure_code: str | None = None
    outcome: OutcomeShape | None = None
    invoice: str | Reference | None = None


class PaymentError(msgspec.Struct, frozen=True):
    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None


class IntentShape(msgspec.Struct, frozen=True):
    id: Id
    currency: str
    amount: Amount
    last_payment_error: PaymentError | None = None
    invoice: str | Reference | None = None
