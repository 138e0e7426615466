"""Risk as records: what happened to a client in, signals out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

from libs.domain.identity import Currency, CustomerId, EventId, InvoiceId, SubscriptionId
from libs.domain.invoice import PaymentOutcome
from libs.domain.money import major_text, shown
from libs.domain.risk import Decision, InvoicePayment, RiskFact, Signal, Verdict
from libs.domain.risk.facts import (
    CustomerStanding,
    Decline,
    DisputeStanding,
    MethodStanding,
    SubscriptionStanding,
    WarningStanding,
)
from libs.domain.subscription import SubscriptionStatus
from libs.domain.version import Rank, Version
from libs.wire.activity import (
    CustomerActivity,
    DeclineActivity,
    DisputeActivity,
    FraudWarningActivity,
    PaymentMethodActivity,
    RiskActivity,
    SignalDecision,
    SubscriptionActivity,
    Troubling,
)
from libs.wire.codec import MalformedRecord
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import InvoiceActivity, SignalRecord

MONTHS = 12


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


def decision(record: SignalDecision) -> Decision:
    """A verdict on a signal."""
    return Decision(record.occurred_at, record.signal, Verdict(record.verdict), record.id, record.until)


def risk_fact(record: Troubling) -> RiskFact:
    """What the record tells, as the rules take it. Raises MalformedRecord."""
    match record:
        case SubscriptionActivity():
            mark = _bytes(record.mark), None if record.previous_mark is None else _bytes(record.previous_mark)
            return Version(*_place(record), subscription_standing(record), *mark, _event(record))
        case CustomerActivity():
            content = CustomerStanding(CustomerId(record.customer), record.payment_method, record.deleted)
            mark = _bytes(record.mark), None if record.previous_mark is None else _bytes(record.previous_mark)
            return Version(*_place(record), content, *mark, _event(record))
        case PaymentMethodActivity():
            method = MethodStanding(
                record.payment_method, CustomerId(record.customer), _expiry(record.expires), record.detached
            )
            return Version(*_place(record), method, _own(record), None, _event(record))
        case DisputeActivity():
            return Version(*_place(record), _dispute(record), _own(record), None, _event(record))
        case FraudWarningActivity():
            return Version(*_place(record), _warning(record), _own(record), None, _event(record))
        case DeclineActivity():
            return _decline(record)
        case _:
            assert_never(record)


def subscription_standing(record: SubscriptionActivity) -> SubscriptionStanding:
    """How the subscription stood. Raises MalformedRecord."""
    try:
        status = SubscriptionStatus(record.status)
    except ValueError as error:
        raise MalformedRecord(f"subscription {record.subscription}: {error}") from error
    return SubscriptionStanding(
        subscription=SubscriptionId(record.subscription),
        customer=CustomerId(record.customer),
        status=status,
        currency=Currency(record.currency),
        worth=exact_amount(record.worth or "0"),
        complete=record.worth is not None,
        renewal=exact_amount(record.renewal),
        paused=record.collection_paused,
        leaving=record.cancellation_scheduled,
        ends_at=record.scheduled_end,
        requested_at=record.cancellation_requested_at,
        ended_at=record.ended_at,
        reason=record.cancellation_reason,
        feedback=record.cancellation_feedback,
        trial_end=record.trial_end,
        started_at=record.started_at,
        period_start=record.period_start,
        period_end=record.period_end,
        method=record.payment_method,
        method_known=record.payment_method_known,
        collected_automatically=record.collected_automatically,
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
        snoozed_until=signal.snoozed_until,
        mrr_at_risk=_amounts(signal),
        amount_due=None if due is None else {due.currency: major_text(due.amount, due.currency)},
        attempt=signal.attempt,
        next_attempt_at=signal.next_attempt_at,
        evidence=signal.evidence,
    )


def _amounts(signal: Signal) -> dict[str, str]:
    told: Mapping[str, str] = {risk.currency: shown(risk.amount, risk.currency) for risk in signal.mrr_at_risk}
    return dict(told)


def _place(record: RiskActivity) -> tuple[datetime, Rank]:
    try:
        return record.version.created, Rank(record.version.rank)
    except ValueError as error:
        raise MalformedRecord(f"activity {record.id}: {error}") from error


def _event(record: RiskActivity) -> EventId | None:
    return EventId(record.caused_by[0]) if record.caused_by else None


def _own(record: RiskActivity) -> bytes:
    """What tells apart the versions of an object whose updates of one second need no chain: their own id."""
    return record.id.encode()


def _bytes(mark: str) -> bytes:
    try:
        return bytes.fromhex(mark)
    except ValueError as error:
        raise MalformedRecord(f"the mark {mark[:40]!r} is not hexadecimal") from error


def _expiry(month: str | None) -> datetime | None:
    """The first instant after a card's last month."""
    if month is None:
        return None
    try:
        last = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        return last.replace(year=last.year + last.month // MONTHS, month=last.month % MONTHS + 1)
    except ValueError as error:
        raise MalformedRecord(f"a card expires in {month[:20]!r}: a month as 2027-04 expected") from error


def _dispute(record: DisputeActivity) -> DisputeStanding:
    return DisputeStanding(
        record.dispute,
        CustomerId(record.customer),
        record.status,
        record.reason,
        Currency(record.currency),
        record.amount,
        record.opened_at,
        record.due_by,
    )


def _warning(record: FraudWarningActivity) -> WarningStanding:
    return WarningStanding(
        record.warning, CustomerId(record.customer), record.fraud_type, record.actionable, record.opened_at
    )


def _decline(record: DeclineActivity) -> Decline:
    return Decline(
        id=record.id,
        customer=CustomerId(record.customer),
        at=record.version.created,
        currency=Currency(record.currency),
        amount=record.amount,
        code=record.code,
        advice=record.advice,
        invoice=None if record.invoice is None else InvoiceId(record.invoice),
        event=_event(record),
    )
