"""Trials, subscription by subscription: when they began, when they ended, and whether a paid subscription followed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.domain.customer_state.paid import PAID
from libs.domain.identity import SubscriptionId
from libs.domain.ledger import Step
from libs.domain.metrics.period import Span
from libs.domain.metrics.rates import Rate, ratio
from libs.domain.subscription import Subscription, SubscriptionStatus

CONVERTED = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Trial:
    """One subscription's trial. It ends when Stripe changes the status, not by the clock."""

    subscription: SubscriptionId
    began: datetime
    ended: datetime | None = None
    converted: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrialCounts:
    """Of a period. A trial may convert later than it ended, so the rate may pass 1."""

    began: int
    ended: int
    converted: int

    @property
    def conversion_rate(self) -> Rate:
        return ratio(self.converted, self.ended)


def trials(steps: Iterable[Step]) -> tuple[Trial, ...]:
    """The trials that the steps tell of, by subscription."""
    lives: dict[SubscriptionId, list[Step]] = {}
    for step in steps:
        lives.setdefault(step.subscription, []).append(step)
    found = (trial_of(lives[name]) for name in sorted(lives))
    return tuple(trial for trial in found if trial is not None)


def trial_of(life: Sequence[Step]) -> Trial | None:
    """The trial in a subscription's steps, oldest first; None where it never had one."""
    told = [step for step in life if step.version.content.trial_end is not None or _tries(step)]
    if not told:
        return None
    latest, seen = told[-1].version.content, [step for step in life if _tries(step)]
    began = latest.trial_start or latest.start_date or told[0].at
    if not seen:
        return _from_dates(latest, began)
    later = [step for step in life if step.at >= seen[-1].at and not _tries(step)]
    ended = later[0].at if later else None
    return Trial(latest.id, began, ended, next((one.at for one in later if _pays(one)), None))


def trial_counts(all_trials: Iterable[Trial], span: Span) -> TrialCounts:
    """How many began, ended and converted within `span`."""
    known = tuple(all_trials)
    return TrialCounts(
        sum(span.holds(trial.began) for trial in known),
        sum(span.holds(trial.ended) for trial in known),
        sum(span.holds(trial.converted) for trial in known),
    )


def _tries(step: Step) -> bool:
    return step.version.content.status is SubscriptionStatus.TRIALING


def _pays(step: Step) -> bool:
    return step.version.content.status in CONVERTED


def _from_dates(subscription: Subscription, began: datetime) -> Trial:
    """A trial that was over when the subscription was first seen."""
    end, gone = subscription.trial_end, subscription.ended_at
    assert end is not None
    if gone is not None and gone <= end:
        return Trial(subscription.id, began, gone)
    return Trial(subscription.id, began, end, end if subscription.status in PAID else None)
