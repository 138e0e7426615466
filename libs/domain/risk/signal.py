"""A churn-risk signal: what is wrong, how bad it is, and what became of it."""

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256

from libs.domain.identity import ClientId, Currency, CustomerId, EventId, InvoiceId, ProjectId, SubscriptionId
from libs.domain.value import value


class SignalRule(StrEnum):
    PAYMENT_FAILED = "payment_failed"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAYMENT_ACTION_REQUIRED = "payment_action_required"
    CANCELLATION_SCHEDULED = "cancellation_scheduled"
    CANCELED = "canceled"
    PAUSED = "paused"
    DOWNGRADE = "downgrade"
    TRIAL_ENDING_WITHOUT_PAYMENT_METHOD = "trial_ending_without_payment_method"
    TRIAL_NOT_CONVERTED = "trial_not_converted"
    CARD_EXPIRING = "card_expiring"
    DISPUTE_OPENED = "dispute_opened"
    FRAUD_WARNING = "fraud_warning"
    LARGE_RENEWAL = "large_renewal"
    SILENT_DROP = "silent_drop"
    METRIC_THRESHOLD = "metric_threshold"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def raised(self) -> "Severity":
        """One step worse."""
        levels = list(Severity)
        return levels[min(levels.index(self) + 1, len(levels) - 1)]


class SignalStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """Why a signal is over. CONTRADICTED: a late fact shows that it never was; EXPIRED: too old to matter."""

    RECOVERED = "recovered"
    VOIDED = "voided"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    REACTIVATED = "reactivated"
    CONTRADICTED = "contradicted"
    EXPIRED = "expired"


@value(frozen=True, slots=True)
class MrrAtRisk:
    """Exact monthly minor units."""

    currency: Currency
    amount: Fraction


@value(frozen=True, slots=True)
class AmountDue:
    """Minor units of an invoice."""

    currency: Currency
    amount: int


@value(frozen=True, slots=True)
class Signal:
    """One signal as it stands. It keeps its `id` for life; `evidence` are the events that it rests on.

    A resolved signal has nothing at risk any more: what was, its earlier states tell.
    """

    id: str
    project: ProjectId
    client: ClientId
    customer: CustomerId
    rule: SignalRule
    severity: Severity
    status: SignalStatus
    opened_at: datetime
    updated_at: datetime
    message: str
    subscription: SubscriptionId | None = None
    invoice: InvoiceId | None = None
    resolution: Resolution | None = None
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None
    mrr_at_risk: tuple[MrrAtRisk, ...] = ()
    amount_due: AmountDue | None = None
    attempt: int | None = None
    next_attempt_at: datetime | None = None
    evidence: tuple[EventId, ...] = ()


def signal_id(project: ProjectId, client: ClientId, rule: SignalRule, subject: str) -> str:
    """The same for the same trouble, in every process and on every replay; `subject` is what it is about."""
    name = "\0".join((project, client, rule, subject))
    return f"sig_{sha256(name.encode()).hexdigest()[:24]}"
