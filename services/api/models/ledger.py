"""The ledger of MRR: its entries, the bridge of a period, and a figure taken apart."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from libs.wire.revenue_records import IncompleteSubscription
from services.api.models.answer import (
    Amount,
    Answer,
    Currency,
    Cursor,
    Days,
    Exact,
    Fresh,
    Instant,
    Money,
    Shown,
    Total,
)
from services.api.periods import Interval

Kind = Literal["new", "expansion", "contraction", "churn", "reactivation", "fx", "transfer"]
BridgePart = Literal[
    "start", "new", "expansion", "contraction", "churn", "reactivation", "fx", "transfer", "end", "net"
]


class Movement(Answer, frozen=True):
    """An entry of the ledger. Amounts are signed; what is shown adds up: round(after) - round(before)."""

    id: str
    client: str
    customer: str | None
    kind: Kind
    amount: Shown
    exact: Exact
    before: Shown
    after: Shown
    currency: Currency
    base_amount: Shown | None
    own_by_currency: dict[str, Amount]
    date: date
    occurred_at: Instant
    recorded_at: Instant | None
    caused_by: list[str]
    subscription: str | None
    reason: str | None
    plan_change: Literal["upgrade", "downgrade"] | None
    cancellation_reason: str | None
    cancellation_feedback: str | None
    estimated: bool


class MovementsPage(Fresh, frozen=True):
    """A page of the ledger."""

    data: list[Movement]
    next_cursor: Cursor | None
    livemode: bool


class Bridge(Answer, frozen=True):
    """From the start of a period to its end in one currency: start + new + … = end, as it is shown too."""

    currency: Currency
    start: Shown
    new: Shown
    expansion: Shown
    contraction: Shown
    churn: Shown
    reactivation: Shown
    fx: Shown
    transfer: Shown
    end: Shown
    net: Shown
    exact: dict[BridgePart, Exact]


class Moved(Answer, frozen=True, omit_defaults=True):
    """What each kind moved in one currency; a kind that moved nothing is left out."""

    currency: Currency
    new: Amount | UnsetType = UNSET
    expansion: Amount | UnsetType = UNSET
    contraction: Amount | UnsetType = UNSET
    churn: Amount | UnsetType = UNSET
    reactivation: Amount | UnsetType = UNSET
    fx: Amount | UnsetType = UNSET
    transfer: Amount | UnsetType = UNSET


class IntervalMoved(Answer, frozen=True):
    """What moved within one part of the period."""

    from_: date = field(name="from")
    to: date
    moved: list[Moved]


class Waterfall(Fresh, frozen=True):
    """The bridges of a period, one for each currency of the ledger; cut into intervals where that was asked for."""

    period: Days
    timezone: str
    livemode: bool
    bridges: list[Bridge]
    interval: Interval | UnsetType = UNSET
    intervals: list[IntervalMoved] | UnsetType = UNSET


class Difference(Answer, frozen=True):
    """Why a preset's MRR is not the reference's: by this rule, where the reference goes by `instead_of`."""

    rule: str
    instead_of: str
    subscriptions: int
    difference: Total


class Preset(Answer, frozen=True):
    """Today's MRR under one preset."""

    preset: str
    mrr: Total
    active_subscriptions: int
    because: list[Difference]


class DifferingSubscription(Answer, frozen=True):
    """A subscription that the presets don't agree on; amounts and rules by preset."""

    subscription: str
    customer: str
    mrr: dict[str, Money]
    rules: dict[str, str]


class Definitions(Fresh, frozen=True):
    """MRR under every preset, and a page of the subscriptions that make the difference."""

    reference: str
    presets: list[Preset]
    pending: Annotated[int, Meta(description="Customers that have changed and are not told again yet.")]
    data: list[DifferingSubscription]
    next_cursor: Cursor | None
    livemode: bool


class PlanChange(Answer, frozen=True):
    """What movements of one kind and reason add up to."""

    kind: str | None
    reason: str | None
    plan_change: str | None
    count: int
    mrr: Total


class PlanChangesOf(Answer, frozen=True):
    """The changes within one part of the period."""

    from_: date = field(name="from")
    to: date
    changes: list[PlanChange]


class PlanChanges(Fresh, frozen=True):
    """What rose and fell within clients that stayed."""

    period: Days
    timezone: str
    livemode: bool
    intervals: list[PlanChangesOf]


class ExplainedItem(Answer, frozen=True):
    """One item of a subscription: price × quantity, brought to a month, less its discount, by a rule."""

    item: str
    price: str | None
    product: str | None
    unit_amount: str | None
    interval: str | None
    interval_count: int | None
    quantity: int | None
    gross: Money
    discount: Money
    mrr: Money
    exact: Exact
    rule: str
    why: Annotated[list[str], Meta(description="The steps that lead to the amount, in words.")]


class Version(Answer, frozen=True):
    """What Stripe said, and when, that a figure follows from."""

    event: str | None
    at: Instant
    kind: str


class ExplainedSubscription(Answer, frozen=True):
    """A subscription with what it adds and why; `next_change`: when the clock alone changes it."""

    subscription: str
    customer: str
    status: str
    mrr: Money
    counted: bool
    rule: str
    incomplete: list[str]
    notes: list[str]
    items: list[ExplainedItem]
    source: Version
    next_change: Instant | None


class Explained(Answer, frozen=True):
    """A client's figure taken apart. `shown` is the figure of the clients' page; `agrees`: it is the same, exactly."""

    as_of: Instant | None
    freshness_seconds: Annotated[float, Meta(ge=0)] | None
    client: str
    at: Instant
    livemode: bool | None
    mrr: Total
    mrr_by_currency: dict[str, Amount]
    exact_by_currency: dict[str, Exact]
    subscriptions: list[ExplainedSubscription]
    incomplete: list[IncompleteSubscription]
    caused_by: list[str]
    unreadable_records: int
    shown: dict[str, Exact] | UnsetType = UNSET
    agrees: bool | UnsetType = UNSET
