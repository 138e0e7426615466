"""A large amount that falls due soon: the moment at which a client looks again at what it pays."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from libs.domain.money import shown
from libs.domain.risk.context import RiskContext, stake
from libs.domain.risk.facts import SubscriptionFact, SubscriptionStanding
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.rules.leaving import ends_with
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import events_of
from libs.domain.subscription import SubscriptionStatus

A_MONTH = timedelta(days=31)
"""What renews each month is no decision that anybody waits for."""


def large_renewal(context: RiskContext) -> Iterator[Finding]:
    """At least `large_renewal` renews within `large_renewal_days`, after a period of more than a month."""
    for line in context.subscriptions:
        episodes = [_episode(period, end, line, context) for end, period in _periods(line, context)]
        found = tuple(episode for episode in episodes if episode is not None)
        if found:
            one = line[-1].content
            yield Finding(SignalRule.LARGE_RENEWAL, one.subscription, one.customer, found, one.subscription)


def _periods(
    line: Sequence[SubscriptionFact], context: RiskContext
) -> Iterator[tuple[datetime, tuple[SubscriptionFact, ...]]]:
    """The versions of each period that ends in a large renewal."""
    for end, group in groupby(line, key=lambda version: version.content.period_end):
        versions = tuple(group)
        if end is not None and any(_is_large(version.content, context) for version in versions):
            yield end, versions


def _is_large(standing: SubscriptionStanding, context: RiskContext) -> bool:
    start, end = standing.period_start, standing.period_end
    return (
        standing.status is SubscriptionStatus.ACTIVE
        and not standing.leaving
        and not standing.paused
        and start is not None
        and end is not None
        and end - start > A_MONTH
        and standing.renewal >= context.settings.large_renewal
    )


def _episode(
    versions: Sequence[SubscriptionFact], end: datetime, line: Sequence[SubscriptionFact], context: RiskContext
) -> Episode | None:
    """From the notice on, or from when it became large; up to the renewal, or to when it no longer was."""
    place = next(number for number, one in enumerate(versions) if _is_large(one.content, context))
    first, one = versions[place], versions[place].content
    later = next((version for version in versions[place:] if not _is_large(version.content, context)), None)
    began = max(first.at, end - timedelta(days=context.settings.large_renewal_days))
    ends = [End(end, Resolution.EXPIRED, "the renewal has come")]
    if later is not None:
        ends.append(End(later.at, Resolution.WITHDRAWN, "it no longer renews so", events_of(later)))
    gone = ends_with(line, first.at)
    if gone is not None:
        ends.append(gone)
    over = min(ends, key=lambda each: each.at)
    if over.at <= began:
        return None
    words = f"{shown(one.renewal, one.currency)} {one.currency.upper()} renews on {end:%Y-%m-%d}"
    turn = Turn(began, words, BASE[SignalRule.LARGE_RENEWAL], events_of(first))
    return Episode(str(int(end.timestamp())), (turn,), over, stake(one.currency, one.worth))
