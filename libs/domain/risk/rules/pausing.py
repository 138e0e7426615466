"""A subscription that goes on without being paid for, by choice."""

from collections.abc import Iterator, Sequence

from libs.domain.risk.context import RiskContext, end_of, lost
from libs.domain.risk.facts import SubscriptionFact, SubscriptionStanding
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.rules.arrears import period_key
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import Stretch, events_of, stretches
from libs.domain.subscription import SubscriptionStatus


def paused(context: RiskContext) -> Iterator[Finding]:
    """Collection is paused, or the subscription is; a trial that ended so is told by another rule."""
    for line in context.subscriptions:
        found = tuple(_episode(each, line) for each in stretches(line, _is_paused) if not _was_trial(each))
        if found:
            one = line[-1].content
            yield Finding(SignalRule.PAUSED, one.subscription, one.customer, found, one.subscription)


def _is_paused(standing: SubscriptionStanding) -> bool:
    return standing.lives and (standing.paused or standing.status is SubscriptionStatus.PAUSED)


def _was_trial(stretch: Stretch[SubscriptionStanding]) -> bool:
    before = stretch.before
    return (
        stretch.first.content.status is SubscriptionStatus.PAUSED
        and before is not None
        and before.content.status is SubscriptionStatus.TRIALING
    )


def _episode(stretch: Stretch[SubscriptionStanding], line: Sequence[SubscriptionFact]) -> Episode:
    turns = tuple(
        Turn(version.at, _words(version.content), BASE[SignalRule.PAUSED], events_of(version))
        for version in stretch.versions
    )
    return Episode(period_key(stretch.first), turns, _end(stretch), lost(line, stretch.last))


def _words(standing: SubscriptionStanding) -> str:
    what = "subscription" if standing.status is SubscriptionStatus.PAUSED else "collection of payments"
    return f"{what} paused"


def _end(stretch: Stretch[SubscriptionStanding]) -> End | None:
    after = stretch.after
    if after is None:
        return None
    if not after.content.lives:
        at = max(end_of(after), stretch.first.at)
        return End(at, Resolution.SUPERSEDED, "the subscription was canceled", events_of(after))
    return End(after.at, Resolution.REACTIVATED, "it was resumed", events_of(after))
