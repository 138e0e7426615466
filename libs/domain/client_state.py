"""A client's revenue: the latest contribution of each of its Stripe customers, and what follows from them."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import total_ordering

from libs.domain.identity import Currency, CustomerId, EventId, SubscriptionId
from libs.domain.policy import Policy
from libs.domain.subscription import SubscriptionStatus
from libs.domain.value import value

ZERO = Fraction(0)


class ClientStatus(StrEnum):
    """ACTIVE: pays now. CHURNED: has paid before. NONE: never has, as far as is known."""

    ACTIVE = "active"
    CHURNED = "churned"
    NONE = "none"


@total_ordering
@value(frozen=True, slots=True)
class Revision:
    """Which of two contributions of one customer is the later: epoch of the topology, offset of the last record
    folded, version of the project's settings, instant of the evaluation."""

    epoch: int
    offset: int
    settings: int
    evaluated_at: datetime

    def __lt__(self, other: "Revision") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[int, int, int, datetime]:
        return self.epoch, self.offset, self.settings, self.evaluated_at


@value(frozen=True, slots=True)
class SubscriptionRevenue:
    """`amount` is exact monthly minor units; `counted`: its status counts under the policy, free ones included."""

    subscription: SubscriptionId
    status: SubscriptionStatus
    currency: Currency
    amount: Fraction
    counted: bool
    rule: str
    gaps: tuple[str, ...] = ()

    @property
    def pays(self) -> bool:
        """Whether it adds to MRR."""
        return self.amount.numerator > 0


@value(frozen=True, slots=True)
class CustomerRevenue:
    """One customer's contribution, as its client keeps it until a later revision replaces it."""

    customer: CustomerId
    revision: Revision
    as_of: datetime
    subscriptions: tuple[SubscriptionRevenue, ...] = ()
    deleted: bool = False
    first_paid_at: datetime | None = None
    caused_by: tuple[EventId, ...] = ()


@value(frozen=True, slots=True)
class ClientState:
    """The customers' contributions, by customer id: equal for any order of arrival and any repeats."""

    customers: tuple[CustomerRevenue, ...] = ()


NO_CUSTOMERS = ClientState()


def with_contribution(state: ClientState, revenue: CustomerRevenue) -> ClientState:
    """`state` with `revenue` in place of what that customer added before.

    The same object when the contribution is not later than the known one. A later one that says the same is kept
    for its revision, so that none between the two can win afterwards; `says_the_same` tells that nothing need be
    published.
    """
    place = bisect_left(state.customers, revenue.customer, key=_customer)
    if place < len(state.customers) and state.customers[place].customer == revenue.customer:
        if revenue.revision <= state.customers[place].revision:
            return state
        return ClientState((*state.customers[:place], revenue, *state.customers[place + 1 :]))
    return ClientState((*state.customers[:place], revenue, *state.customers[place:]))


def without_customer(state: ClientState, customer: CustomerId) -> ClientState:
    """`state` once the customer belongs to another client."""
    return ClientState(tuple(one for one in state.customers if one.customer != customer))


def says_the_same(one: ClientState, other: ClientState) -> bool:
    """Whether two states tell readers the same revenue, whenever and by whatever events they came to be."""
    if len(one.customers) != len(other.customers):
        return False
    return all(_told(a) == _told(b) for a, b in zip(one.customers, other.customers, strict=True))


def _told(revenue: CustomerRevenue) -> tuple[object, ...]:
    return revenue.customer, revenue.deleted, revenue.first_paid_at, revenue.subscriptions


def _customer(revenue: CustomerRevenue) -> CustomerId:
    return revenue.customer


def subscriptions(state: ClientState) -> Iterator[SubscriptionRevenue]:
    """All listed subscriptions, customer by customer."""
    for revenue in state.customers:
        yield from revenue.subscriptions


def totals(state: ClientState) -> Mapping[Currency, Fraction]:
    """MRR by currency in exact minor units, for each currency that a listed subscription has, by its code."""
    sums: dict[Currency, Fraction] = {}
    for subscription in subscriptions(state):
        amount = subscription.amount
        sums[subscription.currency] = sums[subscription.currency] + amount if subscription.currency in sums else amount
    return sums if len(sums) < 2 else dict(sorted(sums.items()))


def active_subscriptions(state: ClientState) -> int:
    """Subscriptions whose status counts under the policy, free ones included."""
    return sum(subscription.counted for subscription in subscriptions(state))


def active_subscribers(state: ClientState) -> int:
    """Customers with MRR above 0."""
    return sum(any(one.pays for one in revenue.subscriptions) for revenue in state.customers)


def incomplete(state: ClientState) -> tuple[tuple[SubscriptionId, str], ...]:
    """Each reason why a subscription's figure is not complete, with the subscription."""
    return tuple((one.subscription, gap) for one in subscriptions(state) for gap in one.gaps)


def first_paid_at(state: ClientState) -> datetime | None:
    """When the first of the customers first paid, as far as is known."""
    known = [revenue.first_paid_at for revenue in state.customers if revenue.first_paid_at is not None]
    return min(known, default=None)


def as_of(state: ClientState) -> datetime | None:
    """The newest instant that any customer's contribution holds for."""
    return max((revenue.as_of for revenue in state.customers), default=None)


def status(state: ClientState, policy: Policy) -> ClientStatus:
    """ACTIVE while MRR is above 0 – or, where being free is no churn, while a client who has paid still subscribes."""
    if any(subscription.pays for subscription in subscriptions(state)):
        return ClientStatus.ACTIVE
    if first_paid_at(state) is None:
        return ClientStatus.NONE
    if not policy.free_is_churn and active_subscriptions(state) > 0:
        return ClientStatus.ACTIVE
    return ClientStatus.CHURNED
