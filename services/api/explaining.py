"""A client's MRR taken apart: the stored versions go through the very rules that made the figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from libs.domain.contribution import SubscriptionShare, contribution
from libs.domain.customer_state import EMPTY, CustomerState, fold
from libs.domain.customer_state.folding import EVENTS_KEPT, window_start
from libs.domain.customer_state.standing import standing
from libs.domain.fact import Fact
from libs.domain.mrr import ItemMrr
from libs.domain.policy import Policy
from libs.domain.subscription import Subscription
from libs.domain.version import Version
from libs.wire.codec import MalformedRecord, decode
from libs.wire.contribution_codec import exact_text
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import read
from services.api.money import money
from services.api.queries.versions import ClientVersions, Reached


@dataclass(frozen=True, slots=True)
class Question:
    """`at` None: now, as the mrr service sees it (it keeps history for the policy's late window only)."""

    versions: ClientVersions
    policy: Policy
    at: datetime | None
    clock: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """`unreadable`: records that are in the dead letters, and so in no figure."""

    at: datetime
    totals: Mapping[str, Fraction]
    subscriptions: Sequence[dict[str, object]]
    caused_by: Sequence[str]
    unreadable: int


@dataclass(frozen=True, slots=True)
class _Customer:
    id: str
    state: CustomerState
    at: datetime


def explain(question: Question) -> Explanation:
    """The client's figure at the instant, subscription by subscription; `totals` are their exact sums."""
    totals: dict[str, Fraction] = {}
    subscriptions: list[dict[str, object]] = []
    causes: set[str] = set()
    unreadable = 0
    for customer, records in question.versions.versions.items():
        facts, failed = _facts(records)
        unreadable += failed
        folded = _Customer(customer, *_folded(question, customer, facts))
        share = contribution(folded.state, question.policy, folded.at)
        causes.update(share.caused_by)
        for one in share.subscriptions:
            totals[one.mrr.currency] = totals.get(one.mrr.currency, Fraction(0)) + one.mrr.amount
            subscriptions.append(_subscription(folded, one))
    at = question.at or question.clock
    return Explanation(at, totals, subscriptions, sorted(causes), unreadable)


def _facts(records: Iterable[bytes]) -> tuple[list[Fact], int]:
    facts: list[Fact] = []
    unreadable = 0
    for record in records:
        try:
            facts += read(decode(record, StripeRecord))
        except MalformedRecord:
            unreadable += 1
    return facts, unreadable


def _folded(question: Question, customer: str, facts: Sequence[Fact]) -> tuple[CustomerState, datetime]:
    """The customer's state, and the instant to look at it."""
    reached = question.versions.reached.get(customer)
    if question.at is not None:
        return fold(EMPTY, facts, None), question.at
    # Invoices are not read here, but how far their times reach decides what the late window still holds.
    empty = EMPTY if reached is None else replace(EMPTY, newest=reached.newest, told_until=_told_until(reached))
    state = fold(empty, facts, question.policy.late_window)
    if question.versions.livemode or state.newest is None:
        return state, question.clock
    return state, max(question.clock, state.newest)  # a test account's own clock may run ahead


def _told_until(reached: Reached) -> datetime | None:
    """As the fold has it: snapshots count for less than events."""
    snapshot = None if reached.snapshot is None else window_start(reached.snapshot, EVENTS_KEPT)
    return max((at for at in (reached.event, snapshot) if at is not None), default=None)


def _subscription(customer: _Customer, share: SubscriptionShare) -> dict[str, object]:
    version = _version(customer, share)
    mrr = share.mrr
    return {
        "subscription": mrr.subscription,
        "customer": customer.id,
        "status": share.status.value,
        "mrr": money(mrr.amount, mrr.currency),
        "counted": mrr.counted,
        "rule": mrr.rule.value,
        "incomplete": mrr.gaps,
        "notes": mrr.notes,
        "items": [_item(item, mrr.currency, version.content) for item in mrr.items],
        "source": {"event": version.event, "at": version.at, "kind": version.rank.name.lower()},
        "next_change": mrr.next_change,
    }


def _version(customer: _Customer, share: SubscriptionShare) -> Version[Subscription]:
    for history in customer.state.subscriptions:
        if history[0].content.id == share.mrr.subscription:
            held = standing(history, customer.at)
            if held is not None:
                return held.version
    raise LookupError(f"{share.mrr.subscription} of customer {customer.id} is in no history")


def _item(item: ItemMrr, currency: str, subscription: Subscription) -> dict[str, object]:
    price = next((each.price for each in subscription.items if each.id == item.item), None)
    return {
        "item": item.item,
        "price": item.price,
        "product": item.product,
        "unit_amount": None if price is None or price.unit_amount is None else str(price.unit_amount),
        "interval": item.interval,
        "interval_count": item.interval_count,
        "quantity": item.quantity,
        "gross": money(item.gross, currency),
        "discount": money(item.discount, currency),
        "mrr": money(item.amount, currency),
        "exact": exact_text(item.amount),
        "rule": item.rule.value,
        "why": item.why,
    }
