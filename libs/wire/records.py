"""The records on the topics, one schema each. Field names are public contract: add freely, rename none.

Times are ISO 8601 UTC with `Z`. `exact` amounts are fractions of minor units as text ("24999/2"), so that no reader
has to trust a rounding of ours.
"""

from datetime import datetime
from typing import Literal

import msgspec

SCHEMA_VERSION = 1

NULL = msgspec.Raw(b"null")  # msgspec reads no `Raw | None`
Source = Literal["webhook", "events_api", "snapshot"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: int = SCHEMA_VERSION


class VersionMark(msgspec.Struct, frozen=True):
    """Where an object version stands in the order of versions; see `libs.domain.version.Rank`."""

    created: datetime
    rank: int


class StripeRecord(Record, frozen=True, kw_only=True):
    """`stripe.events`: one version of one Stripe object, in Stripe's own shape cut to the allow-list of fields.

    `type` is Stripe's event type, or `<object>.snapshot` for what was read from Stripe's API.
    `incomplete` names what the object lacks and could not yet be completed (`tiers:price_1`, `coupon:CODE`, `items`).
    """

    project: str
    account: str
    livemode: bool
    source: Source
    type: str
    version: VersionMark
    object: msgspec.Raw
    event_id: str | None = None
    previous_attributes: msgspec.Raw = NULL
    api_version: str | None = None
    customer: str | None = None
    incomplete: tuple[str, ...] = ()


class SettingsRecord(Record, frozen=True, kw_only=True):
    """`projects.settings`: what a project has set. `policy` holds only the options that differ from the preset."""

    project: str
    version: int
    preset: str = "default"
    policy: dict[str, object] = {}


class DirectoryRecord(Record, frozen=True, kw_only=True):
    """`clients.directory`: who a client is and which customers were assigned to it by hand."""

    project: str
    client: str
    version: int
    name: str | None = None
    stakeholder_emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    stripe_customers: tuple[str, ...] = ()


class SubscriptionContribution(msgspec.Struct, frozen=True, kw_only=True):
    """What one subscription adds to MRR. `exact` is monthly minor units; `counted` says whether its status counts.

    `gaps` are the reasons why the figure is not complete; with any, `exact` is what could be computed.
    """

    subscription: str
    status: str
    currency: str
    exact: str
    counted: bool
    rule: str
    gaps: tuple[str, ...] = ()


class Revision(msgspec.Struct, frozen=True, order=True):
    """Which of two contributions of one customer is the later one: epoch of the topology, offset of the last record
    folded, settings version, and the instant of the evaluation (a timer's, or the newest version's)."""

    epoch: int
    offset: int
    settings: int
    evaluated_at: datetime


class ContributionChanged(Record, frozen=True, kw_only=True, tag_field="kind", tag="contribution_changed"):
    """`client.activity`: the whole present contribution of one customer to its client; replaces the one before."""

    project: str
    client: str
    customer: str
    account: str
    livemode: bool
    occurred_at: datetime
    revision: Revision
    caused_by: tuple[str, ...] = ()
    deleted: bool = False
    first_paid_at: datetime | None = None
    subscriptions: tuple[SubscriptionContribution, ...] = ()


class InvoiceActivity(Record, frozen=True, kw_only=True, tag_field="kind", tag="invoice"):
    """`client.activity`: how an invoice's payment stands at one version of it.

    `outcome`: failed (open, an attempt was made and failed), paid, voided, uncollectible, or open (nothing wrong yet).
    """

    id: str
    project: str
    client: str
    customer: str
    account: str
    livemode: bool
    occurred_at: datetime
    version: VersionMark
    invoice: str
    outcome: Literal["open", "failed", "action_required", "paid", "voided", "uncollectible"]
    currency: str
    amount_due: int
    subscription: str | None = None
    attempt: int = 0
    next_attempt_at: datetime | None = None
    collected_automatically: bool = True
    caused_by: tuple[str, ...] = ()


Activity = ContributionChanged | InvoiceActivity


class IncompleteSubscription(msgspec.Struct, frozen=True):
    subscription: str
    reason: str


class ClientRecord(Record, frozen=True, kw_only=True):
    """`revenue.clients`: a client's present revenue. Money in `exact_by_currency` is exact monthly minor units."""

    project: str
    client: str
    livemode: bool
    status: Literal["active", "churned", "none"]
    mrr_by_currency: dict[str, str]
    exact_by_currency: dict[str, str]
    active_subscriptions: int
    active_subscribers: int
    customers: tuple[str, ...]
    subscriptions: tuple[str, ...]
    contributions: dict[str, tuple[SubscriptionContribution, ...]]
    as_of: datetime
    revision: int
    incomplete: tuple[IncompleteSubscription, ...] = ()
    first_paid_at: datetime | None = None
    caused_by: tuple[str, ...] = ()


class MovementRecord(Record, frozen=True, kw_only=True):
    """`revenue.movements`: an entry of the ledger as it is now; a later record with the same id replaces it.

    `deleted` undoes the entry: a late version showed that it never happened. `settings` is the version of the project's
    settings that it was computed with. `amount`, `before`, `after` are what is shown (major units, signed; `amount` is
    after less before), their `exact…` twins are exact minor units. `own` is the change in the subscriptions' own
    currencies (exact minor units); `plan_change` tells an upgrade or downgrade from a change of quantity or discount.
    `recorded_at` is the time of the newest version that the entry follows from.
    """

    id: str
    project: str
    client: str
    livemode: bool
    settings: int
    occurred_at: datetime
    deleted: bool = False
    kind: Literal["new", "expansion", "contraction", "churn", "reactivation", "fx", "transfer"] | None = None
    currency: str = ""
    amount: str = "0"
    before: str = "0"
    after: str = "0"
    exact: str = "0"
    exact_before: str = "0"
    exact_after: str = "0"
    base_amount: str | None = None
    own: dict[str, str] = {}
    customer: str | None = None
    subscription: str | None = None
    reason: str | None = None
    plan_change: Literal["upgrade", "downgrade"] | None = None
    cancellation_reason: str | None = None
    cancellation_feedback: str | None = None
    estimated: bool = False
    caused_by: tuple[str, ...] = ()
    recorded_at: datetime | None = None


class SignalRecord(Record, frozen=True, kw_only=True):
    """`churn.signals`: a signal at one change of it, again under the same id. Amounts are major units as text."""

    id: str
    project: str
    client: str
    customer: str
    rule: str
    severity: Literal["low", "medium", "high", "critical"]
    status: Literal["open", "acknowledged", "snoozed", "resolved"]
    opened_at: datetime
    updated_at: datetime
    message: str
    livemode: bool = True
    subscription: str | None = None
    invoice: str | None = None
    resolution: str | None = None
    resolved_at: datetime | None = None
    mrr_at_risk: dict[str, str] = {}
    amount_due: dict[str, str] | None = None
    attempt: int | None = None
    next_attempt_at: datetime | None = None
    evidence: tuple[str, ...] = ()
