"""What risk depends on, as the versions of Stripe's objects told it: small values, nothing of the person."""

from datetime import datetime
from fractions import Fraction
from typing import TypeGuard

from libs.domain.identity import Currency, CustomerId, EventId, InvoiceId, SubscriptionId
from libs.domain.subscription import SubscriptionStatus
from libs.domain.value import value
from libs.domain.version import Version

ALIVE = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.TRIALING})
ENDED = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})


@value(frozen=True, slots=True)
class SubscriptionStanding:
    """A subscription as one version of it shows it.

    `worth` is what it pays a month (exact minor units) whenever its status counts; `complete` False: it can't be told.
    `renewal` is what falls due at `period_end`. `leaving`: it will end by a cancellation, at `ends_at`; `requested_at`
    is when that was asked for. `method` is the payment method or source of its own; `method_known` False: the record
    does not say whether there is one.
    """

    subscription: SubscriptionId
    customer: CustomerId
    status: SubscriptionStatus
    currency: Currency
    worth: Fraction = Fraction(0)
    complete: bool = True
    renewal: Fraction = Fraction(0)
    paused: bool = False
    leaving: bool = False
    ends_at: datetime | None = None
    requested_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    feedback: str | None = None
    trial_end: datetime | None = None
    started_at: datetime | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    method: str | None = None
    method_known: bool = True
    collected_automatically: bool = True

    @property
    def gaps(self) -> tuple[str, ...]:
        """Of two deliveries of one version the one without gaps is kept."""
        return () if self.complete else ("worth",)

    @property
    def pays(self) -> bool:
        """Whether it brings money: active or owing, collected, and not for free."""
        return self.status in PAYING and not self.paused and self.worth > 0

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ENDED


PAYING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE})


@value(frozen=True, slots=True)
class CustomerStanding:
    """`method`: the payment method or source that serves subscriptions without one of their own."""

    customer: CustomerId
    method: str | None = None
    deleted: bool = False


@value(frozen=True, slots=True)
class MethodStanding:
    """A payment method. `expires_at` is the first instant after the card's last month, where the project watches it."""

    method: str
    customer: CustomerId
    expires_at: datetime | None = None
    detached: bool = False


@value(frozen=True, slots=True)
class DisputeStanding:
    """A chargeback, or the inquiry before one. Amount in minor units."""

    dispute: str
    customer: CustomerId
    status: str
    reason: str | None
    currency: Currency
    amount: int
    opened_at: datetime
    due_by: datetime | None = None


@value(frozen=True, slots=True)
class WarningStanding:
    """An early fraud warning; no longer `actionable` once the charge was refunded or disputed."""

    warning: str
    customer: CustomerId
    fraud_type: str
    actionable: bool
    opened_at: datetime


@value(frozen=True, slots=True)
class Decline:
    """Why one attempt to charge failed, by Stripe's codes. Since basil a charge no longer names its invoice."""

    id: str
    customer: CustomerId
    at: datetime
    currency: Currency
    amount: int
    code: str
    advice: str | None = None
    invoice: InvoiceId | None = None
    event: EventId | None = None


SubscriptionFact = Version[SubscriptionStanding]
CustomerFact = Version[CustomerStanding]
MethodFact = Version[MethodStanding]
DisputeFact = Version[DisputeStanding]
WarningFact = Version[WarningStanding]
VersionFact = SubscriptionFact | CustomerFact | MethodFact | DisputeFact | WarningFact


def about_subscription(fact: VersionFact) -> TypeGuard[SubscriptionFact]:
    return isinstance(fact.content, SubscriptionStanding)


def about_customer(fact: VersionFact) -> TypeGuard[CustomerFact]:
    return isinstance(fact.content, CustomerStanding)


def about_method(fact: VersionFact) -> TypeGuard[MethodFact]:
    return isinstance(fact.content, MethodStanding)


def about_dispute(fact: VersionFact) -> TypeGuard[DisputeFact]:
    return isinstance(fact.content, DisputeStanding)


def about_warning(fact: VersionFact) -> TypeGuard[WarningFact]:
    return isinstance(fact.content, WarningStanding)
