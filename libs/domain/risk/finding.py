"""What a rule finds: troubles with one subject, each with a beginning, what was told of it, and an end."""

from datetime import datetime

from libs.domain.identity import CustomerId, EventId, InvoiceId, SubscriptionId
from libs.domain.risk.signal import AmountDue, MrrAtRisk, Resolution, Severity, SignalRule
from libs.domain.value import value


@value(frozen=True, slots=True)
class Turn:
    """What is told of a trouble from `at` on; the last one whose time has come is what a signal shows."""

    at: datetime
    message: str
    severity: Severity
    evidence: tuple[EventId, ...] = ()
    amount_due: AmountDue | None = None
    attempt: int | None = None
    next_attempt_at: datetime | None = None


@value(frozen=True, slots=True)
class End:
    """How a trouble ended. `words` are added to the message."""

    at: datetime
    resolution: Resolution
    words: str
    evidence: tuple[EventId, ...] = ()


@value(frozen=True, slots=True)
class Episode:
    """One trouble from its beginning to its end, `end` None while it goes on. At least one turn, oldest first.

    `key` tells the troubles of one subject apart, by what Stripe's objects say rather than by when we heard of it, so
    that a late fact does not rename them. `at_stake` is the MRR that hangs on it.
    """

    key: str
    turns: tuple[Turn, ...]
    end: End | None = None
    at_stake: tuple[MrrAtRisk, ...] = ()

    @property
    def began(self) -> datetime:
        return self.turns[0].at


@value(frozen=True, slots=True)
class Finding:
    """All that one rule finds about one subject; episodes oldest first."""

    rule: SignalRule
    subject: str
    customer: CustomerId
    episodes: tuple[Episode, ...]
    subscription: SubscriptionId | None = None
    invoice: InvoiceId | None = None
