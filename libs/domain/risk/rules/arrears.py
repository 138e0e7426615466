"""A subscription that owes: past due, then (where the merchant says so) unpaid."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from libs.domain.risk.context import RiskContext, end_of, ended
from libs.domain.risk.facts import SubscriptionFact, SubscriptionStanding
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import Stretch, events_of, stretches
from libs.domain.subscription import SubscriptionStatus

RECOVERED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


def past_due(context: RiskContext) -> Iterator[Finding]:
    """The latest invoice is owed; worse after `past_due_days`."""
    return _owing(context, SignalRule.PAST_DUE, SubscriptionStatus.PAST_DUE)


def unpaid(context: RiskContext) -> Iterator[Finding]:
    """All retries failed and the merchant lets the subscription go on without collecting."""
    return _owing(context, SignalRule.UNPAID, SubscriptionStatus.UNPAID)


def _owing(context: RiskContext, rule: SignalRule, status: SubscriptionStatus) -> Iterator[Finding]:
    for line in context.subscriptions:
        found = tuple(
            _episode(stretch, rule, line, context)
            for stretch in stretches(line, lambda standing: standing.status is status)
        )
        if found:
            one = line[-1].content
            yield Finding(rule, one.subscription, one.customer, found, one.subscription)


def _episode(
    stretch: Stretch[SubscriptionStanding], rule: SignalRule, line: tuple[SubscriptionFact, ...], context: RiskContext
) -> Episode:
    first, one = stretch.first, stretch.first.content
    began = _since(stretch)
    words = f"subscription {'past due' if rule is SignalRule.PAST_DUE else 'unpaid'}"
    turns = [Turn(began, f"{words} since {began:%Y-%m-%d}", BASE[rule], events_of(first))]
    turns += [Turn(version.at, turns[0].message, BASE[rule], events_of(version)) for version in stretch.versions[1:]]
    if rule is SignalRule.PAST_DUE:
        days = context.settings.past_due_days
        late = began + timedelta(days=days)
        turns = [turn if turn.at < late else _later(turn, words, days) for turn in turns]
        turns.append(_later(Turn(late, "", BASE[rule]), words, days))
    ordered = tuple(sorted(turns, key=lambda turn: turn.at))
    return Episode(period_key(first), ordered, _end(stretch, line), context.mrr_of(one.customer, one.subscription))


def _later(turn: Turn, words: str, days: int) -> Turn:
    return Turn(turn.at, f"{words} for {days} days and more", turn.severity.raised(), turn.evidence)


def _since(stretch: Stretch[SubscriptionStanding]) -> datetime:
    """One that was owing when it was first seen has owed since the start of its period: then the invoice fell due."""
    first = stretch.first
    if stretch.before is not None or first.content.period_start is None:
        return first.at
    return min(first.at, first.content.period_start)


def _end(stretch: Stretch[SubscriptionStanding], line: tuple[SubscriptionFact, ...]) -> End | None:
    after = stretch.after
    if after is None:
        return None
    status = after.content.status
    if status in RECOVERED:
        return End(after.at, Resolution.RECOVERED, "it was paid", events_of(after))
    gone = ended(line)
    if gone is after:
        at = max(end_of(after), stretch.first.at)
        return End(at, Resolution.SUPERSEDED, "the subscription was canceled", events_of(after))
    return End(after.at, Resolution.SUPERSEDED, f"it is {status.value} now", events_of(after))


def period_key(version: SubscriptionFact) -> str:
    """The billing period in which a trouble began: a late version of the same trouble has the same."""
    start = version.content.period_start
    return "" if start is None else str(int(start.timestamp()))
