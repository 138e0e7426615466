"""Cards that will have expired when the next renewal falls due. Only where the project lets expiry months through."""

from collections.abc import Iterator
from datetime import timedelta

from libs.domain.risk.context import RiskContext, stake
from libs.domain.risk.facts import PAYING
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.rules.means import Means, means_of
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import Stretch, events_of, stretches


def card_expiring(context: RiskContext) -> Iterator[Finding]:
    """The card that pays a subscription expires before the next renewal; told `card_notice_days` ahead."""
    if not context.settings.watch_card_expiry:
        return
    for line in context.subscriptions:
        episodes = (_episode(each, context) for each in stretches(means_of(line, context), _expires))
        found = tuple(episode for episode in episodes if episode is not None)
        if found:
            one = line[-1].content
            yield Finding(SignalRule.CARD_EXPIRING, one.subscription, one.customer, found, one.subscription)


def _expires(means: Means) -> bool:
    standing = means.standing
    return (
        means.expires_at is not None
        and standing.period_end is not None
        and means.expires_at <= standing.period_end
        and standing.collected_automatically
        and standing.status in PAYING
        and standing.worth > 0
        and not standing.leaving
    )


def _episode(stretch: Stretch[Means], context: RiskContext) -> Episode | None:
    means = stretch.last.content
    one = means.standing
    if means.expires_at is None or one.period_end is None:
        return None
    began = max(stretch.first.at, means.expires_at - timedelta(days=context.settings.card_notice_days))
    if stretch.after is not None and stretch.after.at <= began:
        return None
    month = means.expires_at - timedelta(days=1)
    words = f"the card expires at the end of {month:%Y-%m}, before the renewal on {one.period_end:%Y-%m-%d}"
    turn = Turn(began, words, BASE[SignalRule.CARD_EXPIRING], events_of(stretch.first))
    return Episode(f"{means.method}:{month:%Y-%m}", (turn,), _end(stretch), stake(one.currency, one.worth))


def _end(stretch: Stretch[Means]) -> End | None:
    after = stretch.after
    if after is None:
        return None
    standing = after.content.standing
    if not standing.lives or standing.leaving or standing.status not in PAYING:
        return End(after.at, Resolution.SUPERSEDED, "the subscription will not renew", events_of(after))
    return End(after.at, Resolution.RECOVERED, "there is a card that is good for longer", events_of(after))
