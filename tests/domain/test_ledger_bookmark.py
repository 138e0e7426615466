"""A ledger that is gone on with is the ledger that is written from the beginning."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, Currency, CustomerId, SubscriptionId
from libs.domain.ledger import ClientHistory, Member, Stay, course_of, gone_on, levels_of, with_member, written
from libs.domain.ledger.entries import Written
from libs.domain.policy import DEFAULT, Policy
from tests.counts import examples
from tests.domain.account_lives import HAPPENINGS, NAMES, PAUSES, lived
from tests.domain.states import after, subscription
from tests.domain.test_ledger_currencies import in_dollars
from tests.domain.test_ledger_kinds import EURO, changed, created

UNTIL = after(days=99)
ACME = ClientId("acme")
CUSTOMERS = tuple(map(CustomerId, ("cus_1", "cus_2", "cus_3")))
STAYS = (
    (Stay(),),
    (Stay(),),
    (Stay(after(days=3)),),
    (Stay(None, after(days=9)),),
    (Stay(after(days=2), after(days=8)),),
)
MANY = settings(max_examples=examples(150, 5000), deadline=None)


def member(customer: CustomerId, facts: list[Fact], stays: tuple[Stay, ...] = (Stay(),)) -> Member:
    policy = replace(DEFAULT, late_window_days=None)
    found = levels_of(course_of([fact for fact in facts if fact.at <= UNTIL], policy, UNTIL))
    own = (
        replace(one, customer=customer, subscription=SubscriptionId(f"{one.subscription}@{customer}")) for one in found
    )
    return Member(customer, tuple(own), stays)


def life(dice: Random) -> list[Fact]:
    course = [
        (dice.choice(HAPPENINGS), dice.choice(NAMES), dice.randint(0, 9), dice.choice(PAUSES))
        for _ in range(dice.randint(1, 12))
    ]
    return lived(course)


def up_to(one: Member, at: datetime) -> Member:
    return replace(one, levels=tuple(level for level in one.levels if level.at <= at))


def history(*members: Member) -> ClientHistory:
    return ClientHistory(ACME, members)


def assert_goes_on(before: Written, now: Written, whole: Written) -> None:
    assert before.bookmark is not None
    kept = [one for one in before.movements if one.occurred_at <= before.bookmark.at]
    assert (*kept, *now.movements) == whole.movements
    assert list(now.balance.items()) == list(whole.balance.items())


@MANY
@given(st.integers(0, 2**32), st.sampled_from((0, 60, 3000)), st.sampled_from((1, 4, 30)))
def test_it_is_gone_on_with_as_it_is_written(seed: int, grouping: int, window: int) -> None:
    dice = Random(seed)
    policy = replace(DEFAULT, movement_grouping_minutes=grouping, late_window_days=window)
    whole = [member(name, life(dice), dice.choice(STAYS)) for name in CUSTOMERS]
    ends = sorted(level.at for one in whole for level in one.levels)
    if not ends:
        return
    known = [up_to(one, dice.choice(ends)) for one in whole]
    told = written(history(*known), policy, UNTIL)
    for place, one in enumerate(whole):
        bookmark = told.bookmark
        if bookmark is None or up_to(one, bookmark.at) != up_to(known[place], bookmark.at):
            return
        known[place] = one
        later = with_member(bookmark, one, policy)
        assert later is not None
        now = gone_on(ACME, policy, later)
        assert_goes_on(told, now, written(history(*known), policy, UNTIL))
        kept = (each for each in told.movements if each.occurred_at <= bookmark.at)
        told = replace(now, movements=(*kept, *now.movements))


CREATED, RAISED = created(subscription()), changed(subscription(quantity=3), 20)


def test_only_what_comes_after_the_bookmark_is_written_again() -> None:
    before = written(history(member(CUSTOMERS[0], [CREATED, RAISED])), DEFAULT, UNTIL)
    more = [CREATED, RAISED, changed(subscription(quantity=5), 21)]
    assert before.bookmark is not None
    later = with_member(before.bookmark, member(CUSTOMERS[0], more), DEFAULT)
    assert later is not None
    now = gone_on(ACME, DEFAULT, later)
    assert before.bookmark.at == after(days=20) - timedelta(days=4)
    assert [(one.kind.value, int(one.before), int(one.after)) for one in now.movements] == [
        ("expansion", 1000, 3000),
        ("expansion", 3000, 5000),
    ]


def test_a_customer_that_comes_later_joins() -> None:
    first, second = member(CUSTOMERS[0], [CREATED, RAISED]), member(CUSTOMERS[1], [created(subscription(), 22)])
    before = written(history(first), DEFAULT, UNTIL)
    assert before.bookmark is not None
    later = with_member(before.bookmark, second, DEFAULT)
    assert later is not None
    assert_goes_on(before, gone_on(ACME, DEFAULT, later), written(history(first, second), DEFAULT, UNTIL))


@pytest.mark.parametrize(
    ("policy", "marked"),
    [
        (DEFAULT, True),
        (replace(DEFAULT, base_currency=Currency("eur")), True),
        (in_dollars(("1.1", None)), False),
    ],
    ids=["each in its own", "all in the base currency", "rates have a part in it"],
)
def test_where_rates_have_a_part_in_it_it_is_written_from_the_beginning(policy: Policy, marked: bool) -> None:
    one = member(CUSTOMERS[0], [created(EURO), changed(replace(EURO, items=()), 20)])
    assert (written(history(one), policy, UNTIL).bookmark is not None) == marked
    own = written(history(member(CUSTOMERS[1], [CREATED, RAISED])), policy, UNTIL).bookmark
    assert own is None or (with_member(own, one, policy) is not None) == marked
