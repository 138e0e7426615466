"""`client.activity` beyond revenue and invoices: what risk depends on, one record a version of an object of Stripe's.

Public contract as `libs.wire.records` is. Nothing of a person travels here, a cancellation's comment included.
"""

from typing import Literal

import msgspec

from libs.wire.records import ContributionChanged, InvoiceActivity, Record, VersionMark
from libs.wire.schema import Instant


class RiskActivity(Record, frozen=True, kw_only=True, tag_field="kind"):
    """`client.activity`: what all kinds of activity about risk say. `version` orders the versions of one object."""

    id: str
    project: str
    client: str
    customer: str
    account: str
    livemode: bool
    occurred_at: Instant
    version: VersionMark
    caused_by: tuple[str, ...] = ()


class SubscriptionActivity(RiskActivity, frozen=True, kw_only=True, tag_field="kind", tag="subscription"):
    """How a subscription stands at one version of it.

    `worth` is what it pays a month (exact minor units) whenever its status counts; null where that can't be told.
    `renewal` is what falls due at `period_end`, exact minor units. `scheduled_end`: it will end by a cancellation.
    `payment_method` is one of its own; `payment_method_known` false: the object didn't say. `mark` and `previous_mark`
    are fingerprints of what it shows and of what was before it: they order the versions of one second.
    """

    subscription: str
    status: str
    currency: str
    mark: str
    previous_mark: str | None = None
    worth: str | None = None
    renewal: str = "0"
    collection_paused: bool = False
    cancellation_scheduled: bool = False
    scheduled_end: Instant | None = None
    cancellation_requested_at: Instant | None = None
    ended_at: Instant | None = None
    cancellation_reason: str | None = None
    cancellation_feedback: str | None = None
    trial_end: Instant | None = None
    started_at: Instant | None = None
    period_start: Instant | None = None
    period_end: Instant | None = None
    payment_method: str | None = None
    payment_method_known: bool = True
    collected_automatically: bool = True


class CustomerActivity(RiskActivity, frozen=True, kw_only=True, tag_field="kind", tag="customer"):
    """What pays for a customer's subscriptions that have no payment method of their own."""

    mark: str
    previous_mark: str | None = None
    payment_method: str | None = None
    deleted: bool = False


class PaymentMethodActivity(RiskActivity, frozen=True, kw_only=True, tag_field="kind", tag="payment_method"):
    """A payment method at one version of it. `expires`: the card's last month ("2027-04"), where the project lets it
    through."""

    payment_method: str
    expires: str | None = None
    detached: bool = False


class DisputeActivity(RiskActivity, frozen=True, kw_only=True, tag_field="kind", tag="dispute"):
    """A dispute at one version of it. `amount` in minor units; `status` is Stripe's."""

    dispute: str
    status: str
    currency: str
    amount: int
    opened_at: Instant
    reason: str | None = None
    due_by: Instant | None = None


class FraudWarningActivity(RiskActivity, frozen=True, kw_only=True, tag_field="kind", tag="fraud_warning"):
    """An early fraud warning at one version of it."""

    warning: str
    fraud_type: str
    actionable: bool
    opened_at: Instant


class DeclineActivity(RiskActivity, frozen=True, kw_only=True, tag_field="kind", tag="decline"):
    """An attempt to charge failed, and why. `amount` in minor units; `code` and `advice` are Stripe's."""

    charge: str
    currency: str
    amount: int
    code: str
    advice: str | None = None
    invoice: str | None = None


class SignalDecision(Record, frozen=True, kw_only=True, tag_field="kind", tag="signal_decision"):
    """`client.activity`: what somebody made of a signal. `until` ends a snooze. Written by the API."""

    id: str
    project: str
    client: str
    signal: str
    verdict: Literal["acknowledge", "snooze", "reopen"]
    occurred_at: Instant
    livemode: bool = True
    until: Instant | None = None


class RiskMoved(Record, frozen=True, kw_only=True, tag_field="kind", tag="risk_moved"):
    """`client.activity`: what had happened to a customer when it came to this client. Written by the alerts service for
    itself; `facts` has its own inner form, which no other reader should rely on."""

    id: str
    project: str
    client: str
    customer: str
    livemode: bool
    facts: msgspec.Raw


Troubling = (
    SubscriptionActivity
    | CustomerActivity
    | PaymentMethodActivity
    | DisputeActivity
    | FraudWarningActivity
    | DeclineActivity
)
Activity = ContributionChanged | InvoiceActivity | SignalDecision | RiskMoved | Troubling
