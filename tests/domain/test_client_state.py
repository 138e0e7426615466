from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.client_state import (
    NO_CUSTOMERS,
    ClientState,
    ClientStatus,
    CustomerRevenue,
    Revision,
    SubscriptionRevenue,
    active_subscribers,
    active_subscriptions,
    as_of,
    first_paid_at,
    incomplete,
    says_the_same,
    status,
    totals,
    with_contribution,
    without_customer,
)
from libs.domain.identity import Currency, CustomerId, SubscriptionId
from libs.domain.policy import DEFAULT, Policy
from libs.domain.subscription import SubscriptionStatus
from tests.counts import examples
from tests.domain.states import T0, after


def revision(offset: int = 0, epoch: int = 0, settings: int = 0, seconds: int = 0) -> Revision:
    return Revision(epoch, offset, settings, after(seconds))


def pays(amount: Fraction | int, currency: str = "usd", counted: bool = True) -> SubscriptionRevenue:
    name = SubscriptionId(f"sub_{amount}_{currency}")
    state = SubscriptionStatus.ACTIVE if counted else SubscriptionStatus.CANCELED
    return SubscriptionRevenue(name, state, Currency(currency), Fraction(amount), counted, "counted")


def revenue(name: str, *subscriptions: SubscriptionRevenue, offset: int = 0) -> CustomerRevenue:
    paid = T0 if any(one.amount > 0 for one in subscriptions) else None
    return CustomerRevenue(CustomerId(name), revision(offset), after(offset), subscriptions, first_paid_at=paid)


def state_of(*contributions: CustomerRevenue) -> ClientState:
    state = NO_CUSTOMERS
    for contribution in contributions:
        state = with_contribution(state, contribution)
    return state


def test_a_client_has_the_sum_of_its_customers_by_currency() -> None:
    state = state_of(revenue("cus_1", pays(Fraction(1, 3)), pays(500, "eur")), revenue("cus_2", pays(Fraction(2, 3))))
    assert totals(state) == {"eur": 500, "usd": 1}
    assert list(totals(state)) == ["eur", "usd"]


def test_a_later_contribution_replaces_the_one_before() -> None:
    assert totals(state_of(revenue("cus_1", pays(1)), revenue("cus_1", pays(2), offset=1))) == {"usd": 2}


def test_a_stale_or_repeated_contribution_changes_nothing() -> None:
    state = state_of(revenue("cus_1", pays(2), offset=5))
    assert with_contribution(state, revenue("cus_1", pays(1), offset=4)) is state
    assert with_contribution(state, revenue("cus_1", pays(2), offset=5)) is state


def test_a_later_contribution_that_says_the_same_need_not_be_published() -> None:
    before = state_of(revenue("cus_1", pays(2), offset=1))
    after_it = with_contribution(before, revenue("cus_1", pays(2), offset=3))
    assert says_the_same(before, after_it)
    assert with_contribution(after_it, revenue("cus_1", pays(9), offset=2)) is after_it
    assert not says_the_same(before, with_contribution(before, revenue("cus_1", pays(3), offset=3)))
    assert not says_the_same(before, with_contribution(before, revenue("cus_2", pays(2))))


LATER = {
    "epoch": (revision(offset=9), revision(epoch=1)),
    "offset": (revision(settings=9), revision(offset=1)),
    "settings": (revision(seconds=9), revision(settings=1)),
    "evaluated at": (revision(), revision(seconds=1)),
}


@pytest.mark.parametrize(("earlier", "later"), LATER.values(), ids=LATER.keys())
def test_revisions_are_ordered_by(earlier: Revision, later: Revision) -> None:
    assert earlier < later
    assert not later < earlier


@settings(max_examples=examples(200, 5000))
@given(st.lists(st.tuples(st.sampled_from(["cus_1", "cus_2", "cus_3"]), st.integers(0, 9)), max_size=12), st.data())
def test_contributions_in_any_order_with_repeats_give_the_same_state(
    told: Sequence[tuple[str, int]], data: st.DataObject
) -> None:
    contributions = [revenue(name, pays(offset), offset=offset) for name, offset in told]
    delivered = data.draw(st.permutations(contributions + contributions[: len(contributions) // 2]))
    assert state_of(*delivered) == state_of(*contributions)


def test_counts_hold_free_subscriptions_but_no_free_subscribers() -> None:
    state = state_of(
        revenue("cus_1", pays(0), pays(5)), revenue("cus_2", pays(0)), revenue("cus_3", pays(0, "usd", False))
    )
    assert active_subscriptions(state) == 3
    assert active_subscribers(state) == 1


FREE = replace(DEFAULT, free_is_churn=False)
PAID_ONCE = replace(revenue("cus_1"), first_paid_at=T0)
STATUSES = {
    "pays": (revenue("cus_1", pays(5)), DEFAULT, ClientStatus.ACTIVE),
    "never paid": (revenue("cus_1", pays(0)), DEFAULT, ClientStatus.NONE),
    "has paid, nothing is left": (PAID_ONCE, DEFAULT, ClientStatus.CHURNED),
    "has paid, is free now": (replace(PAID_ONCE, subscriptions=(pays(0),)), DEFAULT, ClientStatus.CHURNED),
    "has paid, free is no churn": (replace(PAID_ONCE, subscriptions=(pays(0),)), FREE, ClientStatus.ACTIVE),
    "never paid, free is no churn": (revenue("cus_1", pays(0)), FREE, ClientStatus.NONE),
}


@pytest.mark.parametrize(("told", "policy", "expected"), STATUSES.values(), ids=STATUSES.keys())
def test_a_client_is(told: CustomerRevenue, policy: Policy, expected: ClientStatus) -> None:
    assert status(state_of(told), policy) is expected


def test_gaps_are_told_with_their_subscription() -> None:
    state = state_of(revenue("cus_1", replace(pays(1), gaps=("tiers:price_1", "coupon:X")), pays(2)))
    assert incomplete(state) == (("sub_1_usd", "tiers:price_1"), ("sub_1_usd", "coupon:X"))


def test_the_first_payment_is_the_first_of_any_customer_and_as_of_the_newest() -> None:
    one = replace(revenue("cus_1"), first_paid_at=after(50))
    two = replace(revenue("cus_2", offset=7), first_paid_at=after(20))
    for order in permutations((one, two, revenue("cus_3"))):
        assert first_paid_at(state_of(*order)) == after(20)
        assert as_of(state_of(*order)) == T0 + timedelta(seconds=7)
    assert first_paid_at(NO_CUSTOMERS) is as_of(NO_CUSTOMERS) is None


def test_a_customer_can_move_to_another_client() -> None:
    state = state_of(revenue("cus_1", pays(1)), revenue("cus_2", pays(2)))
    assert totals(without_customer(state, CustomerId("cus_1"))) == {"usd": 2}
