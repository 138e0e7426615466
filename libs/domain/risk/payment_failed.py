"""The rule `payment_failed`: opened by the first failed attempt, changed by each further one, resolved at the end."""

from dataclasses import dataclass
from fractions import Fraction

from libs.domain.identity import ClientId, EventId, ProjectId
from libs.domain.invoice import PaymentOutcome
from libs.domain.money import major_text
from libs.domain.risk.payment import InvoicePayment, Payments, end_of, troubles_of
from libs.domain.risk.signal import (
    AmountDue,
    MrrAtRisk,
    Resolution,
    Severity,
    Signal,
    SignalRule,
    SignalStatus,
    signal_id,
)

LARGE = Fraction(100_000)
"""Monthly minor units from which a loss hurts: 1,000.00 in most currencies, and near that in those without cents."""


@dataclass(frozen=True, slots=True)
class Stake:
    """Whose payment it is, and the MRR that hangs on it."""

    project: ProjectId
    client: ClientId
    mrr: tuple[MrrAtRisk, ...] = ()


def assess(payments: Payments, stake: Stake) -> Signal | None:
    """The signal of one invoice, from all that is known of its payment; None while no attempt has failed.

    A pure function of the set of versions, so order and repeats don't matter. An uncollectible invoice stays a
    signal, the worst one: nobody tries any more, and it is not paid.
    """
    troubles = troubles_of(payments)
    if not troubles:
        return None
    end, latest = end_of(payments), troubles[-1]
    return Signal(
        id=signal_id(stake.project, stake.client, SignalRule.PAYMENT_FAILED, latest.invoice),
        project=stake.project,
        client=stake.client,
        customer=latest.customer,
        rule=SignalRule.PAYMENT_FAILED,
        severity=_severity(latest, stake if end is None else None),
        status=SignalStatus.OPEN if end is None else SignalStatus.RESOLVED,
        opened_at=next(payment.at for payment in troubles if payment.outcome is PaymentOutcome.FAILED),
        updated_at=(end or latest).at,
        message=_message(latest, end),
        subscription=latest.subscription,
        invoice=latest.invoice,
        resolution=None if end is None else _resolution(end),
        resolved_at=None if end is None else end.at,
        mrr_at_risk=stake.mrr if end is None else (),
        amount_due=AmountDue(latest.currency, latest.amount_due),
        attempt=max(payment.attempt for payment in troubles),
        next_attempt_at=latest.next_attempt_at if end is None else None,
        evidence=_evidence(troubles if end is None else (*troubles, end)),
    )


def is_last_chance(payment: InvoicePayment) -> bool:
    """Stripe will not try again by itself."""
    return payment.outcome is PaymentOutcome.UNCOLLECTIBLE or (
        payment.collected_automatically and payment.next_attempt_at is None
    )


def _severity(latest: InvoicePayment, stake: Stake | None) -> Severity:
    """Worse when no retry is left, and when much hangs on it; less when no MRR does."""
    if stake is None:
        return Severity.LOW
    at_risk = [risk.amount for risk in stake.mrr if risk.amount > 0]
    severity = Severity.MEDIUM if at_risk else Severity.LOW
    if is_last_chance(latest):
        severity = severity.raised()
    if latest.outcome is PaymentOutcome.UNCOLLECTIBLE or any(amount >= LARGE for amount in at_risk):
        severity = severity.raised()
    return severity


def _resolution(end: InvoicePayment) -> Resolution:
    return Resolution.VOIDED if end.outcome is PaymentOutcome.VOIDED else Resolution.RECOVERED


def _message(latest: InvoicePayment, end: InvoicePayment | None) -> str:
    amount = f"{major_text(latest.amount_due, latest.currency)} {latest.currency.upper()}"
    failed = f"payment of {amount} failed at attempt {latest.attempt}"
    if end is not None:
        return f"{failed}; the invoice was {'voided' if end.outcome is PaymentOutcome.VOIDED else 'paid'} afterwards"
    if latest.outcome is PaymentOutcome.UNCOLLECTIBLE:
        return f"{failed} and was given up"
    if latest.next_attempt_at is not None:
        return f"{failed}; Stripe tries again at {latest.next_attempt_at:%Y-%m-%d %H:%M} UTC"
    return f"{failed}; no retry is left" if latest.collected_automatically else f"{failed}; the invoice is still open"


def _evidence(payments: Payments) -> tuple[EventId, ...]:
    return tuple(dict.fromkeys(event for payment in payments for event in payment.events))
