"""Risk as records: what happened to an invoice in, signals out."""

from libs.domain.identity import Currency, CustomerId, EventId, InvoiceId, SubscriptionId
from libs.domain.invoice import PaymentOutcome
from libs.domain.money import major_text, shown
from libs.domain.risk import InvoicePayment, Signal
from libs.wire.records import InvoiceActivity, SignalRecord


def invoice_payment(record: InvoiceActivity) -> InvoicePayment:
    """One version of an invoice's payment, as the rules take it."""
    return InvoicePayment(
        invoice=InvoiceId(record.invoice),
        customer=CustomerId(record.customer),
        at=record.version.created,
        rank=record.version.rank,
        outcome=PaymentOutcome(record.outcome),
        currency=Currency(record.currency),
        amount_due=record.amount_due,
        subscription=None if record.subscription is None else SubscriptionId(record.subscription),
        attempt=record.attempt,
        next_attempt_at=record.next_attempt_at,
        collected_automatically=record.collected_automatically,
        events=tuple(map(EventId, record.caused_by)),
    )


def signal_record(signal: Signal, livemode: bool) -> SignalRecord:
    """A signal as `churn.signals` tells it: amounts in major units, rounded once."""
    due = signal.amount_due
    return SignalRecord(
        id=signal.id,
        project=signal.project,
        client=signal.client,
        customer=signal.customer,
        rule=signal.rule.value,
        severity=signal.severity.value,
        status=signal.status.value,
        opened_at=signal.opened_at,
        updated_at=signal.updated_at,
        message=signal.message,
        livemode=livemode,
        subscription=signal.subscription,
        invoice=signal.invoice,
        resolution=None if signal.resolution is None else signal.resolution.value,
        resolved_at=signal.resolved_at,
        mrr_at_risk={risk.currency: shown(risk.amount, risk.currency) for risk in signal.mrr_at_risk},
        amount_due=None if due is None else {due.currency: major_text(due.amount, due.currency)},
        attempt=signal.attempt,
        next_attempt_at=signal.next_attempt_at,
        evidence=signal.evidence,
    )
