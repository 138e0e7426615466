"""Clients: what each pays, how it stands, and what people say of it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from libs.wire.revenue_records import IncompleteSubscription, MatchedBy, SubscriptionContribution
from services.api.models.answer import Amount, Answer, Currency, Cursor, Exact, Fresh, Instant, Total

Score = Annotated[int, Meta(ge=0, le=100)]


class HealthPart(Answer, frozen=True):
    """`value` from 0 to 100, of which `weight` hundredths count, and why it is so."""

    name: str
    weight: Score
    value: Score
    why: str


class Health(Answer, frozen=True):
    """From 0 to 100, and the parts that it is made of."""

    score: Score
    parts: list[HealthPart]


class Belonging(Answer, frozen=True):
    """The client that a customer belonged to from `since` on; null: from the beginning."""

    client: str
    since: Instant | None


class Revision(Answer, frozen=True):
    """Which of two contributions of one customer is the later one."""

    epoch: int
    offset: int
    settings: int
    evaluated_at: Instant


class Member(Answer, frozen=True):
    """A customer of the client, how it was matched, and who else claims it equally strongly."""

    customer: str
    account: str
    revision: Revision
    matched_by: MatchedBy
    conflicts: list[str]
    deleted: bool
    email_domain: str | None
    belongings: list[Belonging]


class OtherMode(Answer, frozen=True):
    """What a client has in the other mode, which none of its figures counts."""

    livemode: bool
    customers: int
    active_subscriptions: int
    mrr_by_currency: dict[str, Amount]
    exact_by_currency: dict[str, Exact]


class Course(Answer, frozen=True):
    """MRR in the client's largest currency at the end of each of the last weeks, the oldest first."""

    currency: Currency
    values: list[Amount]


class Client(Answer, frozen=True):
    """A client. Without revenue its amounts are empty; `version` is 0 where it is in no directory."""

    client: str
    name: str
    livemode: bool | None
    mrr: Total
    arr: Total
    status: Literal["active", "at_risk", "churned", "none"]
    segment: Literal["enterprise", "growth", "starter"] | None
    health: Health | None
    mrr_by_currency: dict[str, Amount]
    exact_by_currency: dict[str, Exact]
    customers: list[str]
    subscriptions: list[str]
    active_subscriptions: int
    contributions: dict[str, list[SubscriptionContribution]]
    members: list[Member]
    incomplete: list[IncompleteSubscription]
    first_paid_at: Instant | None
    caused_by: Annotated[list[str], Meta(description="Stripe's events and snapshots that the figures follow from.")]
    open_signals: list[str]
    other_mode: OtherMode | None
    as_of: Instant
    listed: Annotated[bool, Meta(description="Whether the directory has it.")]
    version: int
    stakeholder_emails: list[str]
    domains: list[str]
    stripe_customers: list[str]
    course: Course | UnsetType | None = UNSET
    freshness_seconds: Annotated[float, Meta(ge=0)] | UnsetType | None = UNSET


class ClientsPage(Fresh, frozen=True):
    """A page of clients."""

    data: list[Client]
    next_cursor: Cursor | None
    livemode: bool


class ByCurrency(Answer, frozen=True):
    """Amounts of each currency, rounded and exact."""

    by_currency: dict[str, Amount]
    exact: dict[str, Exact]


class Move(Answer, frozen=True):
    """A customer that would belong to another client."""

    customer: str
    from_: str | None = field(name="from")
    to: str
    matched_by: MatchedBy
    conflicts: list[str]
    mrr: ByCurrency


class Effect(Answer, frozen=True):
    """What a client's MRR would become."""

    client: str
    before: ByCurrency
    after: ByCurrency


class MappingPreview(Answer, frozen=True):
    """What a change would move; nothing has changed. Not `complete`: it concerns more customers than were looked at."""

    moves: list[Move]
    customers: int
    mrr: ByCurrency
    clients: list[Effect]
    complete: bool


class RowFault(Answer, frozen=True):
    """What is wrong in one row of a file."""

    row: int
    client: str
    field: str
    message: str


class Import(Answer, frozen=True):
    """An import of clients as it stands."""

    id: str
    state: Literal["queued", "publishing", "succeeded", "partial", "failed"]
    dry_run: bool
    rows: int
    stored: int
    unchanged: int
    refused: int
    published: int
    errors: list[RowFault]
    requested_at: Instant
    finished_at: Instant | None


class ImportAnswer(Answer, frozen=True):
    """An import."""

    import_: Import = field(name="import")


class Customer(Answer, frozen=True):
    """A customer of Stripe: whose it is, and by what. Mails stay at Stripe; only their domain is told."""

    customer: str
    client: str | None
    client_name: str | None
    mapped: bool
    matched_by: MatchedBy | None
    conflicts: list[str]
    deleted: bool
    email_domain: str | None
    mrr: ByCurrency
    active_subscriptions: int
    livemode: bool


class CustomersPage(Fresh, frozen=True):
    """A page of customers."""

    data: list[Customer]
    next_cursor: Cursor | None
    livemode: bool


class CustomerClient(Fresh, frozen=True):
    """A customer with the client that it was given to by hand."""

    customer: str
    client: str | None
    client_name: str | None
    mapped: bool
    matched_by: MatchedBy | None
    conflicts: list[str]
    deleted: bool
    email_domain: str | None
    mrr: ByCurrency
    active_subscriptions: int
    livemode: bool
    assigned_to: str | None


class Assigned(Answer, frozen=True):
    """A customer that was given to a client by hand, and the client that had it."""

    customer: str
    client: str
    matched_by: Literal["manual"]
    before: str | None


class Erasure(Answer, frozen=True):
    """An erasure that the streams are yet to be told of."""

    customer: str
    state: Literal["publishing"]
    requested_at: Instant


class ErasureAnswer(Answer, frozen=True):
    """An erasure."""

    erasure: Erasure
