from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest

from libs.domain.contribution import ENDED_LISTED, Contribution, contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.discount import Discount
from libs.domain.fact import Fact
from libs.domain.identity import SubscriptionId
from libs.domain.policy import DEFAULT, Policy
from libs.domain.version import Rank
from tests.domain.states import WINDOW, after, applied, by_id, customer, half_off, seen, subscription, told

NOW = after(days=3)


def added(*facts: Fact, now: datetime = NOW, policy: Policy = DEFAULT) -> Contribution:
    return contribution(fold(EMPTY, facts, WINDOW), policy, now)


def amounts(given: Contribution) -> list[Fraction]:
    return [share.mrr.amount for share in given.subscriptions]


def test_each_subscription_adds_its_mrr_and_names_the_event_that_says_so() -> None:
    given = added(told(subscription("sub_b", 2), event="evt_2"), told(subscription("sub_a", 1), event="evt_1"))
    assert amounts(given) == [1000, 2000]
    assert given.caused_by == ("evt_1", "evt_2")
    assert given.as_of == NOW
    assert not given.deleted


def test_a_customer_without_subscriptions_adds_nothing() -> None:
    given = added(told(customer()))
    assert given == Contribution((), False, NOW, (), None, None)


def test_a_deleted_customer_adds_nothing_whatever_is_said_later() -> None:
    gone = told(customer(deleted=True), after(60), Rank.TERMINAL, event="evt_gone")
    given = added(gone, told(subscription(), after(120), event="evt_1"), seen(customer(), after(180)))
    assert given.deleted
    assert amounts(given) == [0]
    assert given.caused_by == ("evt_1", "evt_gone")


HALF, OTHER = half_off("di_1"), half_off("di_2", end=after(days=60))
LISTS_HALF = replace(subscription(), discounts=(HALF,))
NAMES_HALF = replace(subscription(), discounts=(by_id(HALF),))

DISCOUNTS: dict[str, tuple[tuple[Fact, ...], int]] = {
    "on the customer": ((seen(customer(discount=HALF)), told(subscription())), 500),
    "taken off the customer": (
        (told(customer(discount=HALF)), told(customer(), after(60)), told(subscription())),
        1000,
    ),
    "by its own event": ((told(applied(HALF), rank=Rank.CREATE), told(subscription())), 500),
    "by its own event, the customer said no earlier": (
        (told(customer()), told(applied(HALF), after(60)), told(subscription())),
        500,
    ),
    "the customer says no later": (
        (told(applied(HALF)), told(customer(), after(60)), told(subscription())),
        1000,
    ),
    "in the second of the customer's creation": (
        (told(customer(), rank=Rank.CREATE), told(applied(HALF), rank=Rank.CREATE), told(subscription())),
        500,
    ),
    "removed by its own event": (
        (
            seen(customer(discount=HALF)),
            told(applied(HALF, removed=True), after(60), Rank.TERMINAL),
            told(subscription()),
        ),
        1000,
    ),
    "another one was removed": (
        (
            seen(customer(discount=HALF)),
            told(applied(OTHER, removed=True), after(60), Rank.TERMINAL),
            told(subscription()),
        ),
        500,
    ),
    "on the subscription": ((told(LISTS_HALF),), 500),
    "put on the subscription by its own event": ((told(subscription()), told(applied(HALF, "sub_1"), after(60))), 500),
    "on another subscription": ((told(subscription()), told(applied(HALF, "sub_2"), after(60))), 1000),
    "the subscription shows later that it is gone": (
        (told(applied(HALF, "sub_1")), told(subscription(), after(60))),
        1000,
    ),
    "listed once only": ((told(LISTS_HALF), told(applied(HALF, "sub_1"), after(60))), 500),
    "removed while the subscription still lists it": (
        (told(LISTS_HALF), told(applied(HALF, "sub_1", removed=True), after(60), Rank.TERMINAL)),
        1000,
    ),
    "known by its event, listed by id": ((told(NAMES_HALF), told(applied(HALF, "sub_1"))), 500),
    "known from an older version, listed by id": ((told(LISTS_HALF), told(NAMES_HALF, after(60))), 500),
}


@pytest.mark.parametrize(("facts", "amount"), DISCOUNTS.values(), ids=DISCOUNTS.keys())
def test_discounts_count_where_stripe_has_put_them(facts: tuple[Fact, ...], amount: int) -> None:
    assert amounts(added(*facts)) == amounts(added(*reversed(facts))) == [amount]


def test_a_discount_that_nobody_spelled_out_leaves_the_subscription_incomplete() -> None:
    assert added(told(NAMES_HALF)).subscriptions[0].mrr.gaps


def test_a_discount_on_an_item_comes_and_goes_by_its_own_events() -> None:
    put_on = told(applied(HALF, "sub_1", item="si_sub_1"), after(60), Rank.CREATE)
    removal = told(applied(HALF, "sub_1", removed=True, item="si_sub_1"), after(90), Rank.TERMINAL)
    assert amounts(added(told(subscription()), put_on)) == [500]
    assert amounts(added(removal, told(subscription()), put_on)) == [1000]
    item = replace(subscription().items[0], discounts=(HALF,))
    assert amounts(added(told(replace(subscription(), items=(item,))), removal)) == [1000]


def test_a_coupon_without_a_discount_id_can_be_put_on_again() -> None:
    old = half_off("coupon:HALF")
    on, off, again = told(applied(old)), told(applied(old, removed=True), after(5), Rank.TERMINAL), after(60)
    assert amounts(added(told(subscription()), on, off)) == [1000]
    assert amounts(added(told(subscription()), told(applied(old), again), off, on)) == [500]
    elsewhere = told(applied(old, "sub_1", removed=True), after(90), Rank.TERMINAL)
    assert amounts(added(told(subscription()), on, elsewhere)) == [500]


def test_a_subscription_past_due_for_long_stops_counting_by_the_clock() -> None:
    policy = replace(DEFAULT, past_due_churn_after_days=30)
    facts = (told(subscription()), told(subscription(status="past_due"), after(days=1)))
    assert added(*facts, now=after(days=2), policy=policy).next_change == after(days=31)
    assert amounts(added(*facts, now=after(days=30), policy=policy)) == [1000]
    assert amounts(added(*facts, now=after(days=31), policy=policy)) == [0]


def test_the_next_change_is_the_earliest_of_all_subscriptions() -> None:
    def ending(name: str, day: int) -> Fact:
        discount: Discount = half_off(f"di_{day}", end=after(days=day))
        return told(replace(subscription(name), discounts=(discount,)))

    assert added(ending("sub_a", 40), ending("sub_b", 20), ending("sub_c", 30)).next_change == after(days=20)


def test_a_version_that_waits_for_its_time_is_a_next_change() -> None:
    ahead = told(subscription(quantity=9), after(days=30))
    assert added(told(subscription()), ahead).next_change == after(days=30, seconds=-300)


def test_two_changes_that_cannot_be_told_apart_are_named() -> None:
    one, other = told(subscription(quantity=2), after(5)), told(subscription(quantity=3), after(5))
    assert added(told(subscription()), one, other).ambiguous == (SubscriptionId("sub_1"),)


def test_all_living_subscriptions_are_listed_and_the_last_that_ended() -> None:
    ended = [
        told(replace(subscription(f"sub_{n:02}", status="canceled"), ended_at=after(n)), after(n), Rank.TERMINAL)
        for n in range(ENDED_LISTED + 5)
    ]
    living = [told(subscription(f"live_{n}")) for n in range(12)]
    listed = [share.mrr.subscription for share in added(*ended, *living).subscriptions]
    assert [name for name in listed if name.startswith("live")] == sorted(f"live_{n}" for n in range(12))
    assert [name for name in listed if name.startswith("sub")] == [f"sub_{n:02}" for n in range(5, ENDED_LISTED + 5)]


def test_first_paid_is_remembered_when_nothing_is_paid_any_more() -> None:
    free = told(subscription(quantity=0), after(days=60))
    assert added(told(subscription()), free, now=after(days=61)).first_paid_at == after()


def test_a_trial_that_the_policy_counts_has_paid_from_its_start() -> None:
    trial = told(subscription(status="trialing"), after(60))
    assert added(trial).first_paid_at is None
    assert added(trial, policy=replace(DEFAULT, include_trials=True)).first_paid_at == after()
