"""An account at one instant: each customer's state folded and evaluated, as the mrr service does it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from libs.cli.stripe_facts import Told
from libs.domain.contribution import Contribution, SubscriptionShare, contribution
from libs.domain.customer import Customer
from libs.domain.customer_state import EMPTY, fold
from libs.domain.customer_state.standing import holding
from libs.domain.fact import Fact
from libs.domain.identity import CustomerId
from libs.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class CustomerNow:
    """`known` is the customer's own object, where there is one."""

    id: CustomerId
    known: Customer | None
    contribution: Contribution

    @property
    def shares(self) -> tuple[SubscriptionShare, ...]:
        return self.contribution.subscriptions


@dataclass(frozen=True, slots=True)
class Account:
    """All customers by id, at `as_of` under `policy`."""

    as_of: datetime
    policy: Policy
    customers: tuple[CustomerNow, ...]

    @property
    def day(self) -> date:
        """The day of `as_of` in the project's zone: the one whose exchange rates hold."""
        return self.as_of.astimezone(ZoneInfo(self.policy.timezone)).date()


def account_of(facts: Iterable[Told], policy: Policy, as_of: datetime) -> Account:
    """The account that the facts tell of, in whatever order they come."""
    by_customer: dict[CustomerId, list[Fact]] = {}
    for told in facts:
        by_customer.setdefault(told.customer, []).append(told.fact)
    return Account(as_of, policy, tuple(_customers(by_customer, policy, as_of)))


def _customers(by_customer: Mapping[CustomerId, list[Fact]], policy: Policy, as_of: datetime) -> Iterable[CustomerNow]:
    for customer in sorted(by_customer):
        state = fold(EMPTY, by_customer[customer], policy.late_window)
        version = holding(state.customer, as_of)
        known = None if version is None else version.content
        yield CustomerNow(customer, known, contribution(state, policy, as_of))
