"""A subscriber who takes their money back through the bank, and the card network's warning that one may."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from libs.domain.money import major_text
from libs.domain.risk.context import RiskContext, is_old_news
from libs.domain.risk.facts import DisputeFact, WarningFact
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import AmountDue, Resolution, Severity, SignalRule
from libs.domain.risk.stretches import events_of

KEPT = frozenset({"won", "warning_closed", "prevented"})
LOST = frozenset({"lost", "charge_refunded"})
OUR_TURN = frozenset({"needs_response", "warning_needs_response"})


def dispute_opened(context: RiskContext) -> Iterator[Finding]:
    """A dispute is open. Won: recovered; lost: voided, the payment is gone."""
    for line in context.disputes:
        one = line[-1].content
        closed = next((version for version in line if version.content.status in KEPT | LOST), None)
        if closed is line[0] and is_old_news(closed, closed.at):
            continue
        before = line if closed is None else line[: line.index(closed)]
        first, later = (before or line)[0], before[1:]
        turns = (_told(first, one.opened_at), *(_told(version, version.at) for version in later))
        episode = Episode("", turns, None if closed is None else _closed(closed), context.mrr_of(one.customer))
        yield Finding(SignalRule.DISPUTE_OPENED, one.dispute, one.customer, (episode,))


def fraud_warning(context: RiskContext) -> Iterator[Finding]:
    """The card network expects a payment to be disputed as fraud; refund it, or wait for the dispute."""
    for line in context.warnings:
        one = line[-1].content
        opened = min(one.opened_at, line[0].at)
        if is_old_news(line[0], opened + timedelta(days=context.settings.fraud_warning_open_days)):
            continue
        words = f"early fraud warning ({one.fraud_type.replace('_', ' ')})"
        turn = Turn(opened, words, BASE[SignalRule.FRAUD_WARNING], events_of(*line))
        episode = Episode("", (turn,), _settled(line, opened, context), context.mrr_of(one.customer))
        yield Finding(SignalRule.FRAUD_WARNING, one.warning, one.customer, (episode,))


def _told(version: DisputeFact, at: datetime) -> Turn:
    one = version.content
    amount = f"{major_text(one.amount, one.currency)} {one.currency.upper()}"
    why = f" ({one.reason})" if one.reason else ""
    due = f"; answer by {one.due_by:%Y-%m-%d}" if one.due_by is not None and one.status in OUR_TURN else ""
    return Turn(
        at=min(at, version.at),
        message=f"payment of {amount} disputed{why}{due}",
        severity=BASE[SignalRule.DISPUTE_OPENED] if one.status in OUR_TURN else Severity.MEDIUM,
        evidence=events_of(version),
        amount_due=AmountDue(one.currency, one.amount),
    )


def _closed(version: DisputeFact) -> End:
    lost = version.content.status in LOST
    resolution = Resolution.VOIDED if lost else Resolution.RECOVERED
    return End(version.at, resolution, f"the dispute was {'lost' if lost else 'won'}", events_of(version))


def _settled(line: tuple[WarningFact, ...], opened: datetime, context: RiskContext) -> End:
    done = next((version for version in line if not version.content.actionable), None)
    expiry = opened + timedelta(days=context.settings.fraud_warning_open_days)
    if done is None or done.at > expiry:
        return End(expiry, Resolution.EXPIRED, "no dispute came of it")
    return End(done.at, Resolution.SUPERSEDED, "the payment was refunded or disputed", events_of(done))
