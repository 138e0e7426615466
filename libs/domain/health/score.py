"""The score: the weighted sum of its parts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from libs.domain.health.parts import (
    Judgement,
    failed_attempts,
    open_signals,
    payment_health,
    revenue_tier,
    subscription_trend,
)
from libs.domain.health.settings import DEFAULT_HEALTH, PARTS, HealthSettings
from libs.domain.risk.context import RiskContext
from libs.domain.risk.signal import Signal
from libs.domain.value import value

WHOLE = 100


@value(frozen=True, slots=True)
class HealthPart:
    """`value` from 0 to 100, of which `weight` hundredths count."""

    name: str
    weight: int
    value: int
    why: str


@value(frozen=True, slots=True)
class Health:
    """`score` from 0 to 100; `next_change` is when the clock alone changes a part."""

    score: int
    parts: tuple[HealthPart, ...]
    next_change: datetime | None = None


def health_of(
    context: RiskContext, signals: Sequence[Signal], settings: HealthSettings = DEFAULT_HEALTH
) -> Health | None:
    """How the client is doing; None where no subscription of it is known: there is nothing to judge by."""
    if not context.subscriptions:
        return None
    judged: dict[str, Judgement] = {
        "revenue_tier": revenue_tier(context.client_mrr(), settings),
        "payment_health": payment_health(context, signals, settings),
        "subscription_trend": subscription_trend(context, settings),
        "signals": open_signals(signals),
    }
    parts = tuple(HealthPart(name, settings.weight(name), judged[name].value, judged[name].why) for name in PARTS)
    hundredths = sum(part.weight * part.value for part in parts)
    return Health((hundredths + WHOLE // 2) // WHOLE, parts, _next_change(context, settings))


def _next_change(context: RiskContext, settings: HealthSettings) -> datetime | None:
    """When a failed attempt, or a change of a subscription, gets out of sight."""
    ahead = [at + timedelta(days=settings.payment_days) for at in failed_attempts(context)]
    told = [version for line in context.subscriptions for version in line]
    ahead += [version.at + timedelta(days=settings.trend_days) for version in told]
    starts = (version.content.started_at for version in told)
    ahead += [at + timedelta(days=settings.trend_days) for at in starts if at is not None]
    return min((at for at in ahead if at > context.now), default=None)
