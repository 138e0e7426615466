"""What goes wrong with one invoice: attempts that fail, and payments that wait for the customer."""

from collections.abc import Iterator

from libs.domain.identity import EventId
from libs.domain.invoice import PaymentOutcome
from libs.domain.money import major_text
from libs.domain.risk.context import RiskContext, canceled, end_of
from libs.domain.risk.decline import decline_of, is_hard
from libs.domain.risk.facts import Decline
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.payment import ENDS, InvoicePayment, Payments, before_end, end_of_payment
from libs.domain.risk.severity import BASE, moved
from libs.domain.risk.signal import AmountDue, Resolution, Severity, SignalRule
from libs.domain.risk.stretches import events_of

TROUBLES = frozenset({PaymentOutcome.FAILED, PaymentOutcome.UNCOLLECTIBLE})


def payment_failed(context: RiskContext) -> Iterator[Finding]:
    """An attempt to collect an invoice failed; each further attempt is a turn; paid, voided or a canceled subscription
    ends it. An invoice that was given up stays, the worst: nobody tries any more, and it is not paid."""
    for payments in context.risk.payments:
        told = [payment for payment in payments if payment.at <= context.now]
        troubles = _troubles(before_end(tuple(told)))
        if troubles:
            turns = tuple(_failure(payment, context) for payment in troubles)
            yield _finding(SignalRule.PAYMENT_FAILED, tuple(told), turns, context)
        elif late := _troubles(tuple(told)):
            yield _contradicted(late, tuple(told), context)


def payment_action_required(context: RiskContext) -> Iterator[Finding]:
    """The bank asks the customer to confirm a payment; nothing goes on without them."""
    for payments in context.risk.payments:
        told = tuple(payment for payment in payments if payment.at <= context.now)
        asked = [one for one in before_end(told) if one.outcome is PaymentOutcome.ACTION_REQUIRED]
        if asked:
            turns = tuple(_question(payment) for payment in asked)
            yield _finding(SignalRule.PAYMENT_ACTION_REQUIRED, told, turns, context)


def is_last_chance(payment: InvoicePayment) -> bool:
    """Stripe will not try again by itself."""
    return payment.outcome is PaymentOutcome.UNCOLLECTIBLE or (
        payment.collected_automatically and payment.next_attempt_at is None
    )


def _troubles(payments: Payments) -> Payments:
    """The versions that show trouble; none unless an attempt has failed, and from that one on."""
    first = next((place for place, one in enumerate(payments) if one.outcome is PaymentOutcome.FAILED), None)
    return () if first is None else tuple(one for one in payments[first:] if one.outcome in TROUBLES)


def _finding(rule: SignalRule, payments: Payments, turns: tuple[Turn, ...], context: RiskContext) -> Finding:
    latest = payments[-1]
    at_stake = context.mrr_of(latest.customer, latest.subscription)
    episode = Episode("", turns, _end(payments, turns[0], context), at_stake)
    return Finding(rule, latest.invoice, latest.customer, (episode,), latest.subscription, latest.invoice)


def _contradicted(late: Payments, payments: Payments, context: RiskContext) -> Finding:
    """A failure that is told of a payment which had already ended: it never was one."""
    end = end_of_payment(payments)
    turn = _failure(late[0], context)
    how = "ended" if end is None else end.outcome.value
    over = End(turn.at, Resolution.CONTRADICTED, f"the invoice was {how} before", () if end is None else end.events)
    episode = Episode("", (turn,), over)
    one = late[0]
    return Finding(SignalRule.PAYMENT_FAILED, one.invoice, one.customer, (episode,), one.subscription, one.invoice)


def _end(payments: Payments, first: Turn, context: RiskContext) -> End | None:
    """What ended it first: the payment's own end, or that of the subscription."""
    paid = end_of_payment(payments)
    gone = canceled(context.subscription(payments[-1].subscription))
    at = None if gone is None else max(end_of(gone), first.at)
    if paid is not None and (at is None or paid.at <= at):
        words = "the invoice was voided afterwards" if _is_void(paid) else "the invoice was paid afterwards"
        return End(paid.at, Resolution.VOIDED if _is_void(paid) else Resolution.RECOVERED, words, paid.events)
    if gone is not None and at is not None:
        return End(at, Resolution.SUPERSEDED, "the subscription was canceled", events_of(gone))
    return None


def _is_void(payment: InvoicePayment) -> bool:
    return payment.outcome is PaymentOutcome.VOIDED


def _failure(payment: InvoicePayment, context: RiskContext) -> Turn:
    decline = decline_of(payment, context.risk.declines)
    last = is_last_chance(payment) or (decline is not None and is_hard(decline))
    severity = moved(BASE[SignalRule.PAYMENT_FAILED], int(last))
    if payment.outcome is PaymentOutcome.UNCOLLECTIBLE:
        severity = severity.raised()
    return _turn(payment, _failed_words(payment, decline), severity, decline)


def _question(payment: InvoicePayment) -> Turn:
    words = f"payment of {_amount(payment)} waits for the customer to confirm it with their bank"
    return _turn(payment, words, BASE[SignalRule.PAYMENT_ACTION_REQUIRED], None)


def _turn(payment: InvoicePayment, message: str, severity: Severity, decline: Decline | None) -> Turn:
    declined: tuple[EventId, ...] = () if decline is None or decline.event is None else (decline.event,)
    return Turn(
        at=payment.at,
        message=message,
        severity=severity,
        evidence=(*payment.events, *declined),
        amount_due=AmountDue(payment.currency, payment.amount_due),
        attempt=payment.attempt,
        next_attempt_at=payment.next_attempt_at,
    )


def _failed_words(payment: InvoicePayment, decline: Decline | None) -> str:
    why = ""
    if decline is not None:
        why = f" ({decline.code}, {'hard: another payment method is needed' if is_hard(decline) else 'soft'})"
    failed = f"payment of {_amount(payment)} failed at attempt {payment.attempt}{why}"
    if payment.outcome in ENDS:
        return failed
    if payment.outcome is PaymentOutcome.UNCOLLECTIBLE:
        return f"{failed} and was given up"
    if payment.next_attempt_at is not None:
        return f"{failed}; Stripe tries again at {payment.next_attempt_at:%Y-%m-%d %H:%M} UTC"
    return f"{failed}; no retry is left" if payment.collected_automatically else f"{failed}; the invoice is still open"


def _amount(payment: InvoicePayment) -> str:
    return f"{major_text(payment.amount_due, payment.currency)} {payment.currency.upper()}"
