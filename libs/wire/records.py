"""The records on the topics, one schema each. Field names are public contract: add freely, rename none.

Times are ISO 8601 UTC with `Z`. `exact` amounts are fractions of minor units as text ("24999/2"), so that no reader
has to trust a rounding of ours.
"""

from typing import Literal

import msgspec

from libs.wire.revenue_records import (
    BelongingSince,
    ClientMember,
    ClientRecord,
    IncompleteSubscription,
    MatchedBy,
    MovementRecord,
    Revision,
    SubscriptionContribution,
)
from libs.wire.schema import SCHEMA_VERSION, Instant, Record

__all__ = [
    "NULL",
    "SCHEMA_VERSION",
    "BelongingSince",
    "ClientMember",
    "ClientRecord",
    "ContributionChanged",
    "CourseStep",
    "DirectoryRecord",
    "HealthPartTold",
    "HealthRecord",
    "IncompleteSubscription",
    "InvoiceActivity",
    "MappingOptions",
    "MatchedBy",
    "MovementRecord",
    "Record",
    "Revision",
    "SettingsRecord",
    "SignalRecord",
    "Source",
    "StripeRecord",
    "SubscriptionContribution",
    "VersionMark",
]

NULL = msgspec.Raw(b"null")  # msgspec reads no `Raw | None`
Source = Literal["webhook", "events_api", "snapshot"]


class VersionMark(msgspec.Struct, frozen=True):
    """Where an object version stands in the order of versions; see `libs.domain.version.Rank`."""

    created: Instant
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
    previous_attributes: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)  # schemas tell no default of Raw
    api_version: str | None = None
    customer: str | None = None
    incomplete: tuple[str, ...] = ()


class MappingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How customers find their client: the name of Stripe's metadata that may hold a client, and mail domains that
    this project takes for free ones, or for somebody's own, whatever the lists say."""

    metadata_key: str = "client_id"
    free_domains: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()


class SettingsRecord(Record, frozen=True, kw_only=True):
    """`projects.settings`: what a project has set. `policy` holds only the options that differ from the preset,
    `risk` and `health` those that differ from the defaults."""

    project: str
    version: int
    preset: str = "default"
    policy: dict[str, object] = msgspec.field(default_factory=dict)
    mapping: MappingOptions = MappingOptions()
    risk: dict[str, object] = msgspec.field(default_factory=dict)
    health: dict[str, object] = msgspec.field(default_factory=dict)


class DirectoryRecord(Record, frozen=True, kw_only=True):
    """`clients.directory`: who a client is and which customers were assigned to it by hand.

    `updated_at` is when people said so: the instant at which customers change over to another client by it.
    """

    project: str
    client: str
    version: int
    name: str | None = None
    stakeholder_emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    stripe_customers: tuple[str, ...] = ()
    updated_at: Instant | None = None


class CourseStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From `at` on one subscription adds `exact` (monthly minor units), until its next step; what made it so beside.

    `prices` and `quantities` are fingerprints: whether the plan changed, or how many of it. `told_at` is the time of
    the version that said so.
    """

    subscription: str
    at: Instant
    told_at: Instant
    currency: str
    exact: str
    counted: bool
    rule: str
    gross: str = "0"
    discount: str = "0"
    prices: str = ""
    quantities: str = ""
    converts: bool = False
    estimated: bool = False
    learned: bool = False
    cancellation_reason: str | None = None
    cancellation_feedback: str | None = None
    caused_by: tuple[str, ...] = ()


class ContributionChanged(Record, frozen=True, kw_only=True, tag_field="kind", tag="contribution_changed"):
    """`client.activity`: the whole present contribution of one customer to its client; replaces the one before.

    `left`: the customer belongs to another client now and adds nothing to this one any more. `belongings` are all the
    clients that it belonged to. `steps` are the course of its subscriptions, from `known_from` on (None: from the
    beginning); clients fold it into their ledger. `email_domain` is all that is told of the e-mail. `counting` is a
    fingerprint of the options that all of this was counted by.
    """

    project: str
    client: str
    customer: str
    account: str
    livemode: bool
    occurred_at: Instant
    revision: Revision
    caused_by: tuple[str, ...] = ()
    deleted: bool = False
    first_paid_at: Instant | None = None
    subscriptions: tuple[SubscriptionContribution, ...] = ()
    left: bool = False
    matched_by: MatchedBy = "nothing"
    conflicts: tuple[str, ...] = ()
    email_domain: str | None = None
    belongings: tuple[BelongingSince, ...] = ()
    steps: tuple[CourseStep, ...] = ()
    known_from: Instant | None = None
    counting: int = 0


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
    occurred_at: Instant
    version: VersionMark
    invoice: str
    outcome: Literal["open", "failed", "action_required", "paid", "voided", "uncollectible"]
    currency: str
    amount_due: int
    subscription: str | None = None
    attempt: int = 0
    next_attempt_at: Instant | None = None
    collected_automatically: bool = True
    caused_by: tuple[str, ...] = ()


class SignalRecord(Record, frozen=True, kw_only=True):
    """`churn.signals`: a signal at one change of it, again under the same id. Amounts are major units as text."""

    id: str
    project: str
    client: str
    customer: str
    rule: str
    severity: Literal["low", "medium", "high", "critical"]
    status: Literal["open", "acknowledged", "snoozed", "resolved"]
    opened_at: Instant
    updated_at: Instant
    message: str
    livemode: bool = True
    subscription: str | None = None
    invoice: str | None = None
    resolution: str | None = None
    resolved_at: Instant | None = None
    snoozed_until: Instant | None = None
    mrr_at_risk: dict[str, str] = msgspec.field(default_factory=dict)
    amount_due: dict[str, str] | None = None
    attempt: int | None = None
    next_attempt_at: Instant | None = None
    evidence: tuple[str, ...] = ()


class HealthPartTold(msgspec.Struct, frozen=True):
    """A part of a client's health: `value` from 0 to 100, of which `weight` hundredths count, and why it is so."""

    name: str
    weight: int
    value: int
    why: str


class HealthRecord(Record, frozen=True, kw_only=True):
    """`clients.health`: how a client is doing, from 0 to 100. `open_signals` counts those that are not resolved."""

    project: str
    client: str
    livemode: bool
    score: int
    parts: tuple[HealthPartTold, ...]
    open_signals: int
    as_of: Instant
