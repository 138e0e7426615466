"""What is published of a client's revenue, and the parts that its customers' contributions share with it."""

from typing import Literal

import msgspec

from libs.wire.schema import Instant, Record

MatchedBy = Literal["manual", "metadata", "stakeholder_email", "domain", "nothing"]


class BelongingSince(msgspec.Struct, frozen=True):
    """The client that a customer belonged to from `since` on; None: from the beginning."""

    client: str
    since: Instant | None = None


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
    evaluated_at: Instant


class IncompleteSubscription(msgspec.Struct, frozen=True):
    subscription: str
    reason: str


class ClientMember(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that belongs to the client, how it was matched, and which clients claimed it equally strongly.

    Of two records that name one customer, the one with the later `revision` tells whose it is. A record that no longer
    names it says nothing: its new client's record does, so a reader who sums over customers counts each exactly once.
    """

    customer: str
    account: str
    revision: Revision
    matched_by: MatchedBy = "nothing"
    conflicts: tuple[str, ...] = ()
    deleted: bool = False
    email_domain: str | None = None
    belongings: tuple[BelongingSince, ...] = ()


class ClientRecord(Record, frozen=True, kw_only=True):
    """`revenue.clients`: a client's present revenue. Money in `exact_by_currency` is exact monthly minor units.

    `members` are its customers, deleted ones too; `contributions` what each adds. `booked` is the ledger's balance
    (exact): in the base currency where there is one. Up to `books_closed_at` the ledger is not written again.
    """

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
    as_of: Instant
    revision: int
    incomplete: tuple[IncompleteSubscription, ...] = ()
    first_paid_at: Instant | None = None
    caused_by: tuple[str, ...] = ()
    members: tuple[ClientMember, ...] = ()
    booked: dict[str, str] = msgspec.field(default_factory=dict)
    books_closed_at: Instant | None = None


class MovementRecord(Record, frozen=True, kw_only=True):
    """`revenue.movements`: an entry of the ledger as it is now; a later record with the same id replaces it.

    Entries of one second follow each other so: ids that end in `/fx`, transfers (those that leave first), others.
    `deleted` undoes the entry: a late version showed that it never happened. `settings` is the version of the project's
    settings that it was computed with. `amount`, `before`, `after` are what is shown (major units, signed; `amount` is
    after less before), their `exact…` twins are exact minor units. `own` is the change in the subscriptions' own
    currencies (exact minor units); `plan_change` tells an upgrade or downgrade from a change of quantity or discount.
    `recorded_at` is the time of the newest version that the entry follows from. `revision` grows with each record of a
    client: of two with one id the higher is the later, so a reader that keeps the highest ends right after any replay.
    """

    id: str
    project: str
    client: str
    livemode: bool
    settings: int
    occurred_at: Instant
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
    own: dict[str, str] = msgspec.field(default_factory=dict)
    customer: str | None = None
    subscription: str | None = None
    reason: str | None = None
    plan_change: Literal["upgrade", "downgrade"] | None = None
    cancellation_reason: str | None = None
    cancellation_feedback: str | None = None
    estimated: bool = False
    caused_by: tuple[str, ...] = ()
    recorded_at: Instant | None = None
    revision: int = 0
