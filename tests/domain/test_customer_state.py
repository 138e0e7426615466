from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from libs.domain.customer_state import EMPTY, CustomerState, fold, subscription_at
from libs.domain.customer_state.history import in_order
from libs.domain.customer_state.standing import past_due_since
from libs.domain.fact import Fact
from libs.domain.identity import SubscriptionId
from libs.domain.subscription import Subscription
from libs.domain.version import Rank
from tests.domain.states import T0, WINDOW, after, applied, by_id, customer, half_off, seen, subscription, told

SUB = SubscriptionId("sub_1")
LATER = after(days=90)


def state_of(*facts: Fact, window: timedelta | None = WINDOW) -> CustomerState:
    return fold(EMPTY, facts, window)


def held(*facts: Fact, now: datetime = LATER) -> Subscription:
    found = subscription_at(state_of(*facts), SUB, now)
    assert found is not None
    return found


def kept(state: CustomerState) -> list[datetime]:
    return [version.at for version in state.subscriptions[0]]


def test_the_newest_version_holds() -> None:
    assert held(told(subscription(quantity=2), after(5)), told(subscription(quantity=1), T0)).items[0].quantity == 2


def test_an_older_version_delivered_late_changes_nothing_now() -> None:
    state = state_of(told(subscription(quantity=2), after(60)))
    late = fold(state, [told(subscription(quantity=1), T0)], WINDOW)
    assert subscription_at(late, SUB, LATER) == subscription(quantity=2)


def test_each_instant_has_the_version_that_held_then() -> None:
    state = state_of(told(subscription(quantity=1), T0), told(subscription(quantity=2), after(days=1)))
    assert subscription_at(state, SUB, after(3600)) == subscription(quantity=1)
    assert subscription_at(state, SUB, after(days=2)) == subscription(quantity=2)
    assert subscription_at(state, SUB, after(days=-1)) is None


ENDS = {
    "an update of the same second": told(subscription(), after(60), Rank.UPDATE),
    "an update that comes later": told(subscription(), after(days=1), Rank.UPDATE),
    "a snapshot that comes later": seen(subscription(), after(days=1)),
    "an update long after": told(subscription(), after(days=40), Rank.UPDATE),
}


@pytest.mark.parametrize("revival", ENDS.values(), ids=ENDS.keys())
def test_nothing_revives_a_canceled_subscription(revival: Fact) -> None:
    gone = told(subscription(status="canceled"), after(60), Rank.TERMINAL)
    for facts in permutations((told(subscription(), T0), gone, revival)):
        assert held(*facts).status == "canceled"


def test_a_canceled_subscription_may_still_be_annotated() -> None:
    gone = told(subscription(status="canceled"), T0, Rank.TERMINAL)
    annotated = told(subscription(status="canceled", quantity=7), after(60), Rank.UPDATE)
    assert held(annotated, gone).items[0].quantity == 7


def test_a_base_that_is_final_stays_alone() -> None:
    gone = told(subscription(status="canceled"), T0, Rank.TERMINAL)
    stale = told(subscription(), after(days=1))
    told_later: list[Fact] = [gone, stale, told(customer(), after(days=30))]
    for facts in permutations(told_later):
        assert kept(state_of(*facts)) == [T0]


def test_before_its_end_a_subscription_was_alive() -> None:
    state = state_of(told(subscription(status="canceled"), after(days=1), Rank.TERMINAL), told(subscription(), T0))
    assert subscription_at(state, SUB, after(3600)) == subscription()


def test_versions_within_the_window_stay_and_one_base_before_it() -> None:
    facts = [told(subscription(quantity=day + 1), after(days=day)) for day in range(10)]
    assert kept(state_of(*facts)) == [after(days=day) for day in (5, 6, 7, 8, 9)]


def test_without_a_window_all_versions_stay() -> None:
    facts = [told(subscription(quantity=day + 1), after(days=day)) for day in range(10)]
    assert len(kept(state_of(*facts, window=None))) == 10


def test_a_window_longer_than_time_itself_keeps_all_versions() -> None:
    facts = [told(subscription(quantity=day + 1), after(days=day)) for day in range(10)]
    assert len(kept(state_of(*facts, window=timedelta(days=900_000)))) == 10


def test_what_is_older_than_the_window_becomes_the_base_only_if_it_is_the_newest_there() -> None:
    state = state_of(told(subscription(quantity=1), after(days=2)), told(subscription(quantity=9), after(days=30)))
    older = fold(state, [told(subscription(quantity=2), after(days=1))], WINDOW)
    newer = fold(state, [told(subscription(quantity=3), after(days=20))], WINDOW)
    assert older is state
    assert kept(newer) == [after(days=20), after(days=30)]


def test_any_fact_moves_the_window_an_invoice_and_another_subscription_too() -> None:
    state = state_of(told(subscription(quantity=1), T0), told(subscription(quantity=2), after(days=1)))
    moved = fold(state, [told(subscription("sub_2"), after(days=20))], WINDOW)
    assert kept(moved) == [after(days=1)]


def test_a_past_due_base_keeps_the_versions_that_say_since_when() -> None:
    facts = [
        told(subscription(quantity=1), T0),
        told(subscription(quantity=2), after(days=1)),
        told(subscription(status="past_due", quantity=2), after(days=2)),
        told(subscription(status="past_due", quantity=3), after(days=9)),
    ]
    state = state_of(*facts, told(customer(), after(days=60)))
    assert kept(state) == [after(days=1), after(days=2), after(days=9)]
    assert past_due_since(state.subscriptions[0], LATER) == after(days=2)


def test_a_subscription_first_seen_past_due_owes_since_its_period_began() -> None:
    first = seen(subscription(status="past_due"), after(days=5))
    second = told(subscription(status="past_due", quantity=2), after(days=40))
    assert past_due_since(state_of(first, second).subscriptions[0], LATER) == T0
    assert past_due_since(state_of(first).subscriptions[0], LATER) is None


def test_a_version_from_the_future_waits_and_hides_no_later_truth() -> None:
    ahead = told(subscription(quantity=9), after(days=4000))
    truth = told(subscription(quantity=2), after(days=10))
    state = state_of(told(subscription(quantity=1), T0), ahead, truth)
    assert subscription_at(state, SUB, after(days=20)) == subscription(quantity=2)
    assert subscription_at(state, SUB, after(days=4001)) == subscription(quantity=9)


def test_stripes_clock_may_be_a_little_ahead_of_ours() -> None:
    assert held(told(subscription(quantity=2), after(60)), now=T0).items[0].quantity == 2


def test_an_incomplete_delivery_of_an_event_gives_way_to_the_complete_one() -> None:
    whole = told(subscription(), event="evt_1")
    poor = told(subscription(gaps=("coupon:HALF",)), event="evt_1")
    assert state_of(whole, poor) == state_of(poor, whole) == state_of(whole)


def test_a_tie_before_the_window_stays_whole_until_it_can_be_told() -> None:
    one, two, three = subscription(quantity=1), subscription(quantity=2), subscription(quantity=3)
    first, second = told(two, after(5), previous=one), told(three, after(5), previous=two)
    state = state_of(told(one, T0), second, told(customer(), after(days=30)))
    late = fold(state, [first], WINDOW)
    assert len(late.subscriptions[0]) == 2
    assert not in_order(late.subscriptions[0], LATER).ambiguous
    assert subscription_at(late, SUB, LATER) == three


def test_what_a_discount_grants_stays_known_when_the_object_that_spelled_it_out_is_forgotten() -> None:
    full = replace(subscription(), discounts=(half_off(),))
    short = replace(subscription(), discounts=(by_id(half_off()),))
    state = state_of(told(full, T0), told(short, after(days=30)), told(customer(), after(days=60)))
    assert len(state.subscriptions[0]) == 1
    assert [known.discount for known in state.known] == [half_off()]


def test_of_two_descriptions_of_a_discount_the_newer_counts() -> None:
    ending = half_off(end=after(days=60))
    facts = (told(applied(half_off()), T0), told(applied(ending), after(5)))
    for delivered in permutations(facts):
        assert [known.discount for known in state_of(*delivered).known] == [ending]


PAID = {
    "active": (subscription(), T0),
    "paused, first seen": (subscription(status="paused"), T0),
    "canceled, first seen": (replace(subscription(status="canceled"), ended_at=after(days=20)), T0),
    "after a trial": (replace(subscription(), trial_end=after(days=7)), after(days=7)),
    "canceled within its trial": (
        replace(subscription(status="canceled"), trial_end=after(days=7), ended_at=after(days=3)),
        None,
    ),
    "still on trial": (subscription(status="trialing"), None),
    "its first payment is missing": (subscription(status="incomplete"), None),
    "nothing of it": (subscription(quantity=0), None),
    "too incomplete to tell": (subscription(gaps=("items",)), None),
}


@pytest.mark.parametrize(("content", "since"), PAID.values(), ids=PAID.keys())
def test_since_when_a_customer_has_paid(content: Subscription, since: datetime | None) -> None:
    assert state_of(told(content, after(days=30))).paid_since == since
