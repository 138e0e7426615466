"""A subscription that will end, and one that has ended."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from libs.domain.risk.context import RiskContext, canceled, end_of, is_old_news, lost
from libs.domain.risk.facts import SubscriptionFact, SubscriptionStanding
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import Stretch, events_of, stretches
from libs.domain.subscription import SubscriptionStatus

INVOLUNTARY = frozenset({"payment_failed", "payment_disputed", "canceled_by_retention_policy"})
"""`cancellation_details.reason`s that are not the subscriber's own wish."""

EVER_PAID = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID})


def cancellation_scheduled(context: RiskContext) -> Iterator[Finding]:
    """It is to end at a date; more severe in the last days. Withdrawn, or ended by the cancellation itself."""
    for line in context.subscriptions:
        found = tuple(_scheduled(stretch, context) for stretch in stretches(line, _is_leaving))
        if found:
            yield _finding(SignalRule.CANCELLATION_SCHEDULED, line, found)


def canceled_for_good(context: RiskContext) -> Iterator[Finding]:
    """It has ended: voluntarily or not, why, and with which feedback. Resolved by a return, or by time."""
    for line in context.subscriptions:
        gone = canceled(line)
        if gone is not None and was_paid(line, gone) and not _is_long_over(line, context):
            yield _finding(SignalRule.CANCELED, line, (_gone(gone, line, context),))


def _is_long_over(line: Sequence[SubscriptionFact], context: RiskContext) -> bool:
    return is_old_news(line[0], end_of(line[0]) + timedelta(days=context.settings.canceled_open_days))


def was_paid(line: Sequence[SubscriptionFact], gone: SubscriptionFact) -> bool:
    """Whether what ended had been more than a trial: the other rule tells of those."""
    if any(version.content.status in EVER_PAID for version in line):
        return True
    trial_end = gone.content.trial_end
    before = [version for version in line if version.at <= gone.at and version is not gone]
    return not before and (trial_end is None or end_of(gone) > trial_end)


def ends_with(line: Sequence[SubscriptionFact], first: datetime) -> End | None:
    """The end that the subscription's cancellation puts to another trouble that began at `first`."""
    gone = canceled(line)
    if gone is None:
        return None
    return End(max(end_of(gone), first), Resolution.SUPERSEDED, "the subscription was canceled", events_of(gone))


def why_words(standing: SubscriptionStanding) -> str:
    """Reason and feedback as Stripe has them; a comment is a person's own words and is not passed on."""
    told = [text for text in (standing.reason, standing.feedback) if text]
    return f" ({', '.join(told)})" if told else ""


def _is_leaving(standing: SubscriptionStanding) -> bool:
    return standing.lives and standing.leaving


def _scheduled(stretch: Stretch[SubscriptionStanding], context: RiskContext) -> Episode:
    one = stretch.last.content
    turns = [_plan(version, version.at, context) for version in stretch.versions]
    if one.ends_at is not None:
        soon = one.ends_at - timedelta(days=context.settings.cancellation_soon_days)
        turns.append(_plan(stretch.last, max(soon, stretch.last.at), context))
    after = stretch.after
    end = None
    if after is not None and not after.content.lives:
        at = max(end_of(after), stretch.first.at)
        end = End(at, Resolution.SUPERSEDED, "the subscription was canceled", events_of(after))
    elif after is not None:
        end = End(after.at, Resolution.WITHDRAWN, "the cancellation was withdrawn", events_of(after))
    asked = stretch.first.content.requested_at
    key = "" if asked is None else str(int(asked.timestamp()))
    return Episode(key, tuple(turns), end, context.mrr_of(one.customer, one.subscription))


def _plan(version: SubscriptionFact, at: datetime, context: RiskContext) -> Turn:
    standing = version.content
    when = "at a date not known yet" if standing.ends_at is None else f"for {standing.ends_at:%Y-%m-%d}"
    severity = BASE[SignalRule.CANCELLATION_SCHEDULED]
    soon = timedelta(days=context.settings.cancellation_soon_days)
    if standing.ends_at is not None and at >= standing.ends_at - soon:
        severity = severity.raised()
    return Turn(at, f"cancellation scheduled {when}{why_words(standing)}", severity, events_of(version))


def _gone(gone: SubscriptionFact, line: Sequence[SubscriptionFact], context: RiskContext) -> Episode:
    standing, at = gone.content, end_of(gone)
    kind = "involuntarily" if standing.reason in INVOLUNTARY else "voluntarily"
    turn = Turn(at, f"canceled {kind}{why_words(standing)}", BASE[SignalRule.CANCELED], events_of(gone))
    return Episode("", (turn,), back(gone, context), lost(line, gone))


def back(gone: SubscriptionFact, context: RiskContext) -> End:
    """The client pays again with another subscription that began later; else the signal expires."""
    at = end_of(gone)
    expiry = End(
        at + timedelta(days=context.settings.canceled_open_days), Resolution.EXPIRED, "nobody came back to it in time"
    )
    returns = [
        version
        for line in context.subscriptions
        if line[0].content.subscription != gone.content.subscription
        for version in line
        if version.content.pays and (version.content.started_at or version.at) >= at
    ]
    first = min(returns, key=lambda version: version.at, default=None)
    if first is None or first.at > expiry.at:
        return expiry
    return End(max(first.at, at), Resolution.REACTIVATED, "the client subscribed again", events_of(first))


def _finding(rule: SignalRule, line: Sequence[SubscriptionFact], episodes: tuple[Episode, ...]) -> Finding:
    one = line[-1].content
    return Finding(rule, one.subscription, one.customer, episodes, one.subscription)
