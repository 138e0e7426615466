"""The ledger balances, for any life of an account, told in any order, in any currencies, under any mapping."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact, about_subscription
from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import (
    Belonging,
    ClientHistory,
    ClosedBooks,
    Member,
    Movement,
    MovementKind,
    Step,
    balance_at,
    books_closed_at,
    course,
    course_of,
    ledger,
    levels_of,
    project_ledger,
)
from libs.domain.money import round_half_up
from libs.domain.policy import FxMode, Policy, Rate
from libs.domain.subscription import Subscription
from libs.domain.totals import Total, by_currency, in_one_currency
from libs.domain.version import Version
from tests.counts import examples
from tests.domain.account_lives import account_lives, windows
from tests.domain.present import Present
from tests.domain.states import after

pytestmark = pytest.mark.timeout(3600)

MANY = examples(200, 20_000)
SOME = examples(100, 5_000)
UNTIL = after(days=200)
SECOND = timedelta(seconds=1)
CUSTOMER, USD, EUR = CustomerId("cus_1"), Currency("usd"), Currency("eur")
CLIENTS = (ClientId("acme"), ClientId("bolt"))
ALONE: Belonging = ((None, CLIENTS[0]),)

chance = st.randoms(use_true_random=False)
policies = st.builds(
    Policy,
    include_past_due=st.booleans(),
    past_due_churn_after_days=st.sampled_from((None, 0, 3)),
    free_is_churn=st.booleans(),
    reactivation_window_days=st.sampled_from((None, 1)),
    late_window_days=st.none(),
)
rates = st.lists(
    st.builds(
        Rate,
        st.just(EUR),
        st.fractions(Fraction(1, 2), 2, max_denominator=50),
        st.one_of(st.none(), st.integers(0, 30).map(lambda day: date(2025, 1, 1) + timedelta(days=day))),
    ),
    max_size=4,
    unique_by=lambda rate: rate.day,
).map(tuple)


def dearer(facts: Iterable[Fact]) -> list[Fact]:
    """The same life, but that one of the subscriptions is in euros."""
    return [_in_euros(fact) for fact in facts]


def _in_euros(fact: Fact) -> Fact:
    if not about_subscription(fact) or fact.content.id != "sub_b":
        return fact
    items = tuple(replace(item, price=replace(item.price, currency=EUR)) for item in fact.content.items)
    return replace(fact, content=replace(fact.content, currency=EUR, items=items))


def written(facts: Iterable[Fact], policy: Policy, belonging: Belonging = ALONE) -> tuple[Movement, ...]:
    return project_ledger({CUSTOMER: course_of(facts, policy, UNTIL)}, {CUSTOMER: belonging}, policy, UNTIL)


def but_zeros(sums: dict[Currency, Fraction]) -> dict[Currency, Fraction]:
    return {currency: amount for currency, amount in sums.items() if amount}


def own_at(movements: Iterable[Movement], at: datetime) -> dict[Currency, Fraction]:
    return by_currency(one for movement in movements if movement.occurred_at <= at for one in movement.own)


def instants(facts: Iterable[Fact], movements: Iterable[Movement]) -> set[datetime]:
    told = {fact.at for fact in facts if fact.at <= UNTIL} | {one.occurred_at for one in movements} | {UNTIL}
    return told | {at - SECOND for at in told}


def delivered(facts: Sequence[Fact], chance: Random) -> list[Fact]:
    """Each fact one to five times, in any order."""
    deliveries = [fact for fact in facts for _ in range(chance.choice((1, 1, 1, 2, 5)))]
    chance.shuffle(deliveries)
    return deliveries


def assert_chained(movements: Iterable[Movement]) -> None:
    """Each `before` is the `after` before it, shown amounts add up to the shown balance, no id is there twice."""
    last: dict[tuple[ClientId, Currency], Fraction] = {}
    shown: dict[tuple[ClientId, Currency], int] = {}
    ids = [movement.id for movement in movements]
    assert len(set(ids)) == len(ids)
    for one in movements:
        place = one.client, one.currency
        assert one.before == last.get(place, 0)
        last[place] = one.after
        shown[place] = shown.get(place, 0) + one.shown
        assert shown[place] == round_half_up(one.after)


@settings(max_examples=MANY)
@given(account_lives, policies)
def test_movements_up_to_each_instant_add_up_to_the_mrr_at_it(facts: list[Fact], policy: Policy) -> None:
    facts = dearer(facts)
    movements, present = written(facts, policy), Present(facts)
    assert_chained(movements)
    for at in instants(facts, movements):
        assert but_zeros(balance_at(movements, at)) == but_zeros(present.mrr_at(policy, at)), at


@settings(max_examples=MANY)
@given(account_lives, policies, rates)
def test_with_a_base_currency_they_add_up_in_it_and_in_their_own(
    facts: list[Fact], policy: Policy, fx: tuple[Rate, ...]
) -> None:
    facts, policy = dearer(facts), replace(policy, base_currency=USD, fx=fx)
    movements, present = written(facts, policy), Present(facts)
    assert_chained(movements)
    for at in instants(facts, movements):
        own = present.mrr_at(policy, at)
        assert but_zeros(own_at(movements, at)) == but_zeros(own), at
        kept, total = but_zeros(balance_at(movements, at)), in_one_currency(own, policy, at.date())
        if total is not None:
            assert kept == but_zeros({USD: total.amount}), at
        else:
            assert EUR in kept, at


@settings(max_examples=SOME)
@given(account_lives, policies, rates)
def test_with_locked_rates_nothing_remains_when_all_is_gone(
    facts: list[Fact], policy: Policy, fx: tuple[Rate, ...]
) -> None:
    facts = dearer(facts)
    policy = replace(policy, base_currency=USD, fx=fx, fx_mode=FxMode.LOCK)
    movements, present = written(facts, policy), Present(facts)
    assert_chained(movements)
    for at in instants(facts, movements):
        own, kept = but_zeros(present.mrr_at(policy, at)), but_zeros(balance_at(movements, at))
        assert but_zeros(own_at(movements, at)) == own
        assert bool(kept) == bool(own), at


@settings(max_examples=MANY)
@given(account_lives, policies, chance)
def test_any_order_with_repeats_gives_the_same_ledger(facts: list[Fact], policy: Policy, chance: Random) -> None:
    assert written(delivered(facts, chance), policy) == written(facts, policy)


@settings(max_examples=SOME)
@given(account_lives, policies, chance)
def test_within_the_late_window_too(facts: list[Fact], policy: Policy, chance: Random) -> None:
    window = replace(policy, late_window_days=600)
    assert written(delivered(facts, chance), window) == written(facts, policy)


@settings(max_examples=SOME)
@given(account_lives, policies, windows, chance)
def test_however_late_things_come_the_ledger_ends_at_the_present(
    facts: list[Fact], policy: Policy, window: timedelta | None, chance: Random
) -> None:
    policy = replace(policy, late_window_days=None if window is None else window.days)
    late = delivered([fact for fact in facts if fact.at <= UNTIL], chance)
    movements = written(late, policy)
    assert_chained(movements)
    now = contribution(fold(EMPTY, late, policy.late_window), policy, UNTIL).subscriptions
    expected = by_currency(Total(share.mrr.amount, share.mrr.currency) for share in now)
    assert but_zeros(balance_at(movements, UNTIL)) == but_zeros(expected)


@settings(max_examples=SOME)
@given(account_lives, policies, st.lists(st.integers(0, 40), unique=True, max_size=5).map(sorted))
def test_changes_of_mapping_keep_the_totals(facts: list[Fact], policy: Policy, moves: list[int]) -> None:
    facts = dearer(facts)
    later = tuple((after(days=day), CLIENTS[(number + 1) % 2]) for number, day in enumerate(moves))
    movements, still = written(facts, policy, (*ALONE, *later)), written(facts, policy)
    assert_chained(movements)
    transfers = [one for one in movements if one.kind is MovementKind.TRANSFER]
    for at in instants(facts, movements):
        assert but_zeros(balance_at(movements, at)) == but_zeros(balance_at(still, at)), at
        assert not but_zeros(balance_at(transfers, at)), at


def closed_at(steps: tuple[Step, ...], policy: Policy, at: datetime) -> ClosedBooks:
    return books_closed_at(ClientHistory(CLIENTS[0], (Member(CUSTOMER, levels_of(steps)),)), policy, at)


def written_after(closed: ClosedBooks, steps: tuple[Step, ...], policy: Policy) -> tuple[Movement, ...]:
    return ledger(ClientHistory(CLIENTS[0], (Member(CUSTOMER, levels_of(steps)),), closed), policy, UNTIL)


@settings(max_examples=MANY)
@given(account_lives, policies, st.tuples(rates, st.sampled_from(FxMode), st.sampled_from((0, 60))), st.integers(0, 40))
def test_after_closed_books_the_ledger_goes_on_as_if_they_were_open(
    facts: list[Fact], policy: Policy, money: tuple[tuple[Rate, ...], FxMode, int], day: int
) -> None:
    fx, mode, minutes = money
    policy = replace(policy, base_currency=USD, fx=fx, fx_mode=mode, movement_grouping_minutes=minutes)
    steps = course_of(dearer(facts), policy, UNTIL)
    closed = closed_at(steps, policy, after(days=day, seconds=7))
    whole = written(dearer(facts), policy)
    assert written_after(closed, steps, policy) == tuple(one for one in whole if one.occurred_at > closed.at)


def begins_with_several(history: tuple[Version[Subscription], ...]) -> bool:
    """Whether the oldest second that is kept of a subscription has more than one version."""
    return sum(version.at == history[0].at for version in history) > 1


@settings(max_examples=MANY)
@given(account_lives, policies, st.sampled_from((1, 4, 30)))
def test_a_state_of_the_late_window_is_enough_to_go_on_after_closed_books(
    facts: list[Fact], policy: Policy, days: int
) -> None:
    """But for guesses between changes of one second, which the state may have forgotten."""
    facts = [fact for fact in dearer(facts) if fact.at <= UNTIL]
    window = timedelta(days=days)
    state = fold(EMPTY, facts, window)
    assume(state.newest is not None and not any(map(begins_with_several, state.subscriptions)))
    assert state.newest is not None
    whole, kept = course_of(facts, policy, UNTIL), course(state, policy, UNTIL)
    closed = closed_at(whole, policy, state.newest - window)
    after_all, after_kept = written_after(closed, whole, policy), written_after(closed, kept, policy)
    assert [(one.id, one.before, one.after) for one in after_kept] == [
        (one.id, one.before, one.after) for one in after_all
    ]


@settings(max_examples=SOME)
@given(account_lives, policies, st.sampled_from((1, 60, 1440)))
def test_grouped_movements_end_where_single_ones_do(facts: list[Fact], policy: Policy, minutes: int) -> None:
    grouped = written(facts, replace(policy, movement_grouping_minutes=minutes))
    assert_chained(grouped)
    assert but_zeros(balance_at(grouped, UNTIL)) == but_zeros(balance_at(written(facts, policy), UNTIL))
    starts = [one.occurred_at for one in grouped]
    assert all(later - earlier > timedelta(minutes=minutes) for earlier, later in pairwise(starts))
