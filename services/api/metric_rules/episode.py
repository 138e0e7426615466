"""A rule's signal from its opening to its end: pure, with ids that follow from the rule and the opening's time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from libs.domain.identity import ClientId, ProjectId
from libs.domain.risk import SignalRule, signal_id
from libs.wire.records import SignalRecord
from services.api.metric_rules.condition import Condition, Reading, is_met, told

COOLDOWN = timedelta(hours=24)
"""Met again within that time, the same signal is opened again."""


@dataclass(frozen=True, slots=True)
class MetricRule:
    """A rule as it is evaluated."""

    project: str
    id: str
    name: str
    condition: Condition
    severity: Literal["low", "medium", "high", "critical"]
    livemode: bool

    @property
    def client(self) -> str:
        """What stands for a client in the rule's signals, and keeps their order."""
        return f"metric:{self.id}"


def after(rule: MetricRule, held: SignalRecord | None, reading: Reading, now: datetime) -> SignalRecord | None:
    """The signal as it is now, where that differs from `held`, the rule's latest; None: nothing changes.

    What can't be told changes nothing: a signal is neither opened nor resolved for want of data.
    """
    met = is_met(rule.condition, reading)
    if met is None:
        return None
    if held is None or (held.status == "resolved" and now - (held.resolved_at or now) > COOLDOWN):
        return opened(rule, reading, now) if met else None
    if held.status == "resolved":
        return reopened(held, told(rule.condition, reading), now) if met else None
    if not met:
        return resolved(held, "recovered", now)
    if held.status == "snoozed" and held.snoozed_until is not None and held.snoozed_until <= now:
        return reopened(held, told(rule.condition, reading), now)
    return None


def opened(rule: MetricRule, reading: Reading, now: datetime) -> SignalRecord:
    """The rule is met: a new signal."""
    subject = f"{rule.id}\0{now.isoformat()}"
    return SignalRecord(
        id=signal_id(ProjectId(rule.project), ClientId(rule.client), SignalRule.METRIC_THRESHOLD, subject),
        project=rule.project,
        client=rule.client,
        customer="",
        rule=SignalRule.METRIC_THRESHOLD.value,
        severity=rule.severity,
        status="open",
        opened_at=now,
        updated_at=now,
        message=f"{rule.name}: {told(rule.condition, reading)}",
        livemode=rule.livemode,
    )


def reopened(held: SignalRecord, message: str, now: datetime) -> SignalRecord:
    """Met again soon, or after a snooze."""
    name = held.message.partition(":")[0]
    return msgspec.structs.replace(
        held,
        status="open",
        updated_at=now,
        resolved_at=None,
        resolution=None,
        snoozed_until=None,
        message=f"{name}: {message}",
    )


def resolved(held: SignalRecord, resolution: str, now: datetime) -> SignalRecord:
    """Met no more, or the rule is gone."""
    return msgspec.structs.replace(
        held, status="resolved", updated_at=now, resolved_at=now, resolution=resolution, snoozed_until=None
    )


def decided(held: SignalRecord, verdict: str, now: datetime, until: datetime | None) -> SignalRecord:
    """What people made of it."""
    status: Literal["open", "acknowledged", "snoozed"]
    match verdict:
        case "acknowledge":
            status = "acknowledged"
        case "snooze":
            status = "snoozed"
        case _:
            status = "open"
    return msgspec.structs.replace(held, status=status, updated_at=now, snoozed_until=until)
