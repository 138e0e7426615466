"""Signals of churn risk, what people decide of them, and rules on metrics."""

from typing import Annotated, Literal

from msgspec import Meta

from libs.domain.risk import SignalRule
from libs.domain.risk.signal import Resolution
from services.api.metric_rules.condition import Condition
from services.api.models.answer import Answer, Cursor, Exact, Fresh, Instant, Mode, Severity, SignalMoney


class Signal(Answer, frozen=True):
    """A signal. `mrr_at_risk` and `amount_due` are null where there is none."""

    id: str
    project: str
    client: str
    customer: str
    rule: SignalRule
    severity: Severity
    status: Literal["open", "acknowledged", "snoozed", "resolved"]
    opened_at: Instant
    updated_at: Instant
    message: str
    livemode: bool
    subscription: str | None
    invoice: str | None
    resolution: Resolution | None
    resolved_at: Instant | None
    snoozed_until: Instant | None
    mrr_at_risk: SignalMoney | None
    amount_due: SignalMoney | None
    attempt: int | None
    next_attempt_at: Instant | None
    evidence: Annotated[list[str], Meta(description="Stripe's events and snapshots that say so.")]


class SignalsPage(Fresh, frozen=True):
    """A page of signals."""

    data: list[Signal]
    next_cursor: Cursor | None
    livemode: bool


class DecidedSignal(Signal, frozen=True):
    """The signal as it will be once the streams have the decision."""

    decision: str


class MetricRule(Answer, frozen=True):
    """A rule on a metric. `value` is what the metric was when it was last looked at, exactly."""

    id: str
    name: str
    condition: Condition
    severity: Severity
    mode: Mode
    enabled: bool
    created_at: Instant
    updated_at: Instant
    evaluated_at: Instant | None
    value: Exact | None


class MetricRules(Answer, frozen=True):
    """All rules of the project."""

    data: list[MetricRule]
    next_cursor: None
