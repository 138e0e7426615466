"""Trials that won't become paid, or didn't."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from libs.domain.risk.context import RiskContext, end_of, is_old_news, lost, stake
from libs.domain.risk.facts import SubscriptionFact, SubscriptionStanding
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.rules.leaving import was_paid, why_words
from libs.domain.risk.rules.means import Means, means_of
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import Stretch, events_of, stretches
from libs.domain.subscription import SubscriptionStatus

NOT_CONVERTED = frozenset(
    {
        SubscriptionStatus.CANCELED,
        SubscriptionStatus.PAUSED,
        SubscriptionStatus.UNPAID,
        SubscriptionStatus.INCOMPLETE_EXPIRED,
    }
)

CUSTOMER_COMES = timedelta(hours=1)
"""A subscription may be told before its customer, whose payment method would serve it: nobody is alarmed so soon."""


def trial_ending_without_payment_method(context: RiskContext) -> Iterator[Finding]:
    """A trial ends within `trial_notice_days`, and Stripe has nothing to charge."""
    for line in context.subscriptions:
        if not any(_waits(version.content) for version in line):
            continue
        episodes = (_episode(each, context) for each in stretches(means_of(line, context), _has_no_means))
        found = tuple(episode for episode in episodes if episode is not None)
        if found:
            yield _finding(SignalRule.TRIAL_ENDING_WITHOUT_PAYMENT_METHOD, line, found)


def trial_not_converted(context: RiskContext) -> Iterator[Finding]:
    """A trial ended in something else than a paid subscription."""
    for line in context.subscriptions:
        out = _way_out(line)
        if out is not None and not is_old_news(line[0], _return(out, context).at):
            one = out.content
            words = f"trial ended {one.status.value}{why_words(one)}"
            turn = Turn(_when(out), words, BASE[SignalRule.TRIAL_NOT_CONVERTED], events_of(out))
            episode = Episode("", (turn,), _return(out, context), lost(line, out))
            yield _finding(SignalRule.TRIAL_NOT_CONVERTED, line, (episode,))


def _waits(standing: SubscriptionStanding) -> bool:
    return standing.status is SubscriptionStatus.TRIALING and standing.collected_automatically and standing.worth > 0


def _has_no_means(means: Means) -> bool:
    standing = means.standing
    return _waits(standing) and standing.method_known and means.method is None and standing.trial_end is not None


def _episode(stretch: Stretch[Means], context: RiskContext) -> Episode | None:
    one = stretch.last.content.standing
    if one.trial_end is None:
        return None
    first = stretch.first.at + (timedelta(0) if context.customer(one.customer) else CUSTOMER_COMES)
    began = max(first, one.trial_end - timedelta(days=context.settings.trial_notice_days))
    if stretch.after is not None and stretch.after.at <= began:
        return None
    words = f"trial ends on {one.trial_end:%Y-%m-%d} and there is no payment method"
    severity = BASE[SignalRule.TRIAL_ENDING_WITHOUT_PAYMENT_METHOD]
    told = events_of(*(version for version in stretch.versions if version.at <= began))
    later = (version for version in stretch.versions if version.at > began)
    turns = (
        Turn(began, words, severity, told),
        *(Turn(version.at, words, severity, events_of(version)) for version in later),
    )
    key = str(int(one.trial_end.timestamp()))
    return Episode(key, turns, _trial_end(stretch), stake(one.currency, one.worth))


def _trial_end(stretch: Stretch[Means]) -> End | None:
    after = stretch.after
    if after is None:
        return None
    status = after.content.standing.status
    if status is SubscriptionStatus.TRIALING:
        return End(after.at, Resolution.RECOVERED, "a payment method was added", events_of(after))
    if status is SubscriptionStatus.ACTIVE:
        return End(after.at, Resolution.RECOVERED, "the trial became a paid subscription", events_of(after))
    return End(after.at, Resolution.SUPERSEDED, f"the trial ended {status.value}", events_of(after))


def _way_out(line: Sequence[SubscriptionFact]) -> SubscriptionFact | None:
    """The version in which a trial turned out not to be one that pays."""
    for place, version in enumerate(line):
        if version.content.status not in NOT_CONVERTED:
            continue
        before = line[place - 1].content.status if place else None
        if before is SubscriptionStatus.TRIALING:
            return version
        if version.content.status is SubscriptionStatus.CANCELED and not was_paid(line, version):
            return version if version.content.trial_end is not None else None
        return None
    return None


def _when(out: SubscriptionFact) -> datetime:
    return out.at if out.content.lives else end_of(out)


def _return(out: SubscriptionFact, context: RiskContext) -> End:
    """The subscription is paid after all, or the client has another one that is."""
    at = _when(out)
    expiry = End(at + timedelta(days=context.settings.canceled_open_days), Resolution.EXPIRED, "nothing came of it")
    name = out.content.subscription
    paying = (
        version
        for line in context.subscriptions
        for version in line
        if version.content.pays and version.at >= at
        and (version.content.subscription == name or (version.content.started_at or version.at) >= at)
    )  # fmt: skip
    first = min(paying, key=lambda version: version.at, default=None)
    if first is None or first.at > expiry.at:
        return expiry
    return End(first.at, Resolution.REACTIVATED, "there is a paid subscription now", events_of(first))


def _finding(rule: SignalRule, line: Sequence[SubscriptionFact], episodes: tuple[Episode, ...]) -> Finding:
    one = line[-1].content
    return Finding(rule, one.subscription, one.customer, episodes, one.subscription)
