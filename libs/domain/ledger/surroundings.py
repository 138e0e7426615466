"""What a customer's subscriptions share at an instant: the customer itself, its discount, discounts' own events."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime

from libs.domain.customer import Customer
from libs.domain.customer_state.history import Weight, in_order, weight
from libs.domain.customer_state.standing import customer_discount, known_discounts
from libs.domain.customer_state.state import CustomerState
from libs.domain.discount import AppliedDiscount, Discount
from libs.domain.identity import DiscountId, EventId, SubscriptionId
from libs.domain.mrr import Evaluate, Terms, evaluate
from libs.domain.policy import Policy
from libs.domain.subscription import Subscription
from libs.domain.value import value
from libs.domain.version import Version

BEGINNING = datetime.min.replace(tzinfo=UTC)

Applied = tuple[Version[AppliedDiscount], ...]
Before = Mapping[EventId, Subscription]
NOTHING_BEFORE: Before = {}


@value(frozen=True, slots=True)
class Outlook:
    """By what a course is looked at: the policy, up to when, and what subscriptions were just before an event.

    Of those that are `settled` no past is asked for that nobody told of. `appraise` evaluates.
    """

    policy: Policy
    until: datetime
    before: Before = field(default_factory=dict)
    settled: frozenset[SubscriptionId] = frozenset()
    appraise: Evaluate = evaluate


@value(frozen=True, slots=True)
class Surroundings:
    """Versions in the order in which they held, up to `until`. `instants` are those at which any of them began."""

    outlook: Outlook
    known: Mapping[DiscountId, Discount]
    customer: tuple[Version[Customer], ...]
    discounts: tuple[Applied, ...]
    instants: frozenset[datetime]

    @property
    def policy(self) -> Policy:
        return self.outlook.policy

    @property
    def until(self) -> datetime:
        return self.outlook.until


def surroundings(state: CustomerState, outlook: Outlook) -> Surroundings:
    """What `state` knows beside the subscriptions, made ready for questions about any instant of the outlook."""
    until = outlook.until
    customer = in_order(state.customer, until).versions if state.customer else ()
    discounts = tuple(in_order(history, until).versions for history in state.discounts)
    told = {version.at for history in discounts for version in history}
    # Which of a discount's own events count depends on when the customer was last seen, too.
    told.update((version.at for version in customer) if discounts else _changes(customer))
    return Surroundings(outlook, known_discounts(state), customer, discounts, frozenset(told))


def _changes(customer: tuple[Version[Customer], ...]) -> Iterator[datetime]:
    """When the customer became one of whom a subscription's MRR may be another: the first time, and at each change."""
    before: tuple[Discount | None, bool] | None = None
    for version in customer:
        now = version.content.discount, weight(version) is Weight.FINAL
        if now != before:
            yield version.at
        before = now


def applied_at(around: Surroundings, at: datetime) -> Applied:
    """The latest that was told of each discount by its own events up to `at`, oldest first."""
    latest = [[version for version in history if version.at <= at][-1:] for history in around.discounts]
    return tuple(sorted((version for found in latest for version in found), key=lambda version: version.at))


def terms_at(around: Surroundings, at: datetime, past_due_since: datetime | None = None) -> Terms:
    """What MRR depended on at `at`, beside the subscription; never asked of the clock beyond `until`."""
    customer = _customer_at(around, at)
    return Terms(
        policy=around.policy,
        now=min(at, around.until),
        customer_discount=customer_discount(customer, applied_at(around, at)),
        past_due_since=past_due_since,
        customer_deleted=customer is not None and weight(customer) is Weight.FINAL,
        known_discounts=around.known,
    )


def events_at(around: Surroundings, at: datetime) -> tuple[EventId, ...]:
    """The events of customer and discounts that fall on `at`."""
    told = [version.event for version in around.customer if version.at == at]
    told += [version.event for history in around.discounts for version in history if version.at == at]
    return tuple(event for event in told if event is not None)


def _customer_at(around: Surroundings, at: datetime) -> Version[Customer] | None:
    """The customer as it held; before it was first seen, as it was seen first."""
    held = [version for version in around.customer if version.at <= at]
    if held:
        return held[-1]
    return _as_first_seen(around) if around.customer else None


def _as_first_seen(around: Surroundings) -> Version[Customer] | None:
    """Not deleted yet, and without a discount of which its own events tell the days."""
    first = around.customer[0]
    if weight(first) is Weight.FINAL:
        return None
    shown = first.content.discount
    told = shown is not None and any(
        history[0].content.discount.id == shown.id for history in around.discounts if history
    )
    return replace(first, at=BEGINNING, content=replace(first.content, discount=None if told else shown))
