"""A subscription that pays less than it did: a downgrade that an event tells of, or a drop that only a snapshot shows.

Stripe's lists are compared with the stream each night. Where one shows less MRR than the stream knows of, and no event
says so, something was missed: people should look. If the event still comes, the signal is contradicted by it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from libs.domain.money import round_half_up, shown
from libs.domain.risk.context import RiskContext, stake
from libs.domain.risk.facts import PAYING, SubscriptionFact
from libs.domain.risk.finding import End, Episode, Finding, Turn
from libs.domain.risk.rules.arrears import period_key
from libs.domain.risk.rules.leaving import ends_with
from libs.domain.risk.severity import BASE
from libs.domain.risk.signal import Resolution, SignalRule
from libs.domain.risk.stretches import events_of

PERCENT = 100


def downgrade(context: RiskContext) -> Iterator[Finding]:
    """It goes on at less: by at least `downgrade_share` and `downgrade_mrr`."""
    return _drops(context, SignalRule.DOWNGRADE)


def silent_drop(context: RiskContext) -> Iterator[Finding]:
    """A snapshot shows less MRR than what events told, its end included."""
    return _drops(context, SignalRule.SILENT_DROP)


def _drops(context: RiskContext, rule: SignalRule) -> Iterator[Finding]:
    for line in context.subscriptions:
        steps = [(earlier, later) for earlier, later in pairwise(line) if _is(rule, earlier, later, context)]
        if steps:
            one = line[-1].content
            yield Finding(rule, one.subscription, one.customer, tuple(_episodes(steps, line, rule, context)),
                          one.subscription)  # fmt: skip


def _is(rule: SignalRule, earlier: SubscriptionFact, later: SubscriptionFact, context: RiskContext) -> bool:
    before, after = earlier.content, later.content
    if not (before.pays and before.complete and after.complete) or before.currency != after.currency:
        return False
    if rule is SignalRule.SILENT_DROP:
        return later.event is None and _drop(earlier, later) > 0
    drop, settings = _drop(earlier, later), context.settings
    goes_on = later.event is not None and after.status in PAYING and not after.paused
    return goes_on and drop > 0 and drop >= settings.downgrade_mrr and drop >= before.worth * settings.downgrade_share


def _drop(earlier: SubscriptionFact, later: SubscriptionFact) -> Fraction:
    """What is paid less; one that ended or stopped paying pays nothing."""
    after = later.content
    stopped = after.paused or after.status not in PAYING
    return earlier.content.worth - (Fraction(0) if stopped else after.worth)


def _episodes(
    steps: Sequence[tuple[SubscriptionFact, SubscriptionFact]],
    line: Sequence[SubscriptionFact],
    rule: SignalRule,
    context: RiskContext,
) -> Iterator[Episode]:
    """A further drop while the first is open is a turn of it; what was paid before the first must come back."""
    waiting = list(steps)
    while waiting:
        start = waiting.pop(0)
        known = [start]
        end = _end(known, line, context)
        while waiting and waiting[0][1].at <= end.at:
            known.append(waiting.pop(0))
            end = _end(known, line, context)
        turns = tuple(_turn(start[0], later, rule) for _, later in known)
        lost = stake(start[0].content.currency, _drop(start[0], known[-1][1]))
        yield Episode(period_key(start[1]), turns, end, lost)


def _turn(first: SubscriptionFact, later: SubscriptionFact, rule: SignalRule) -> Turn:
    before, currency = first.content.worth, first.content.currency
    now = before - _drop(first, later)
    share = round_half_up((before - now) * PERCENT / before)
    amounts = f"from {shown(before, currency)} to {shown(now, currency)} {currency.upper()} a month"
    what = "downgraded" if rule is SignalRule.DOWNGRADE else "MRR dropped without an event,"
    return Turn(later.at, f"{what} {amounts} (−{share} %)", BASE[rule], events_of(later))


def _end(
    known: Sequence[tuple[SubscriptionFact, SubscriptionFact]],
    line: Sequence[SubscriptionFact],
    context: RiskContext,
) -> End:
    before, last = known[0][0].content, known[-1][1]
    days = timedelta(days=context.settings.downgrade_open_days)
    ends = [End(last.at + days, Resolution.EXPIRED, "nothing more came of it")]
    place = line.index(last)
    restored = next((one for one in line[place + 1 :] if one.content.pays and one.content.worth >= before.worth), None)
    if restored is not None:
        ends.append(End(restored.at, Resolution.WITHDRAWN, "it is back at what it was", events_of(restored)))
    gone = ends_with(line, last.at)
    if gone is not None and last.content.lives:
        ends.append(gone)
    return min((replace(end, at=max(end.at, last.at)) for end in ends), key=lambda end: end.at)
