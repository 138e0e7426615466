"""Closed books: what was written stays written; what is learned later begins after them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, CustomerId
from libs.domain.ledger import (
    ClientHistory,
    ClosedBooks,
    Member,
    Movement,
    books_closed_at,
    course_of,
    ledger,
    levels_of,
)
from libs.domain.policy import DEFAULT, FxMode, Policy
from tests.domain.states import after, subscription
from tests.domain.test_ledger_currencies import GONE, in_dollars
from tests.domain.test_ledger_kinds import EURO, changed, created, with_status

UNTIL = after(days=99)
CUT = after(days=15)
SECOND = timedelta(seconds=1)


def history(*facts: Fact, policy: Policy = DEFAULT, closed: ClosedBooks | None = None) -> ClientHistory:
    steps = course_of(facts, replace(policy, late_window_days=None), UNTIL)
    return ClientHistory(ClientId("acme"), (Member(CustomerId("cus_1"), levels_of(steps)),), closed)


def books(*facts: Fact, policy: Policy = DEFAULT, at: datetime = CUT) -> ClosedBooks:
    return books_closed_at(history(*facts, policy=policy), policy, at)


def later(closed: ClosedBooks, *facts: Fact, policy: Policy = DEFAULT) -> list[tuple[str, int, int, datetime]]:
    found: tuple[Movement, ...] = ledger(history(*facts, policy=policy, closed=closed), policy, UNTIL)
    return [(one.kind.value, int(one.before), int(one.after), one.occurred_at) for one in found]


CREATED, RAISED = created(subscription()), changed(subscription(quantity=3), 20)
DOUBLE = changed(subscription(quantity=2), 3)

LATER: dict[str, tuple[list[Fact], list[tuple[str, int, int, datetime]]]] = {
    "nothing new": ([CREATED], []),
    "only what comes after": ([CREATED, RAISED], [("expansion", 1000, 3000, after(days=20))]),
    "a base is enough": ([changed(subscription(), 9), RAISED], [("expansion", 1000, 3000, after(days=20))]),
    "closed time looks different now": (
        [CREATED, DOUBLE, RAISED],
        [("expansion", 1000, 2000, CUT + SECOND), ("expansion", 2000, 3000, after(days=20))],
    ),
    "it had ended by then": (
        [CREATED, changed(with_status("canceled"), 3)],
        [("churn", 1000, 0, CUT + SECOND)],
    ),
    "another that nobody had told of": (
        [CREATED, created(subscription("sub_2"), 2)],
        [("expansion", 1000, 2000, CUT + SECOND)],
    ),
}


@pytest.mark.parametrize(("facts", "expected"), LATER.values(), ids=LATER.keys())
def test_after_closed_books(facts: list[Fact], expected: list[tuple[str, int, int, datetime]]) -> None:
    assert later(books(CREATED), *facts) == expected


def test_who_had_left_by_then_returns() -> None:
    closed = books(CREATED, changed(with_status("canceled"), 3))
    gone, back = changed(with_status("canceled"), 3), created(subscription("sub_2"), 30)
    assert later(closed, gone, back) == [("reactivation", 0, 1000, after(days=30))]


def test_a_locked_worth_is_remembered() -> None:
    policy = in_dollars(("1.1", None), ("1.2", 11), mode=FxMode.LOCK)
    closed = books(created(EURO), policy=policy)
    seen_later = changed(EURO, 12)
    assert later(closed, seen_later, GONE, policy=policy) == [("churn", 1100, 0, after(days=40))]


def test_books_are_not_closed_within_a_group() -> None:
    policy = replace(DEFAULT, movement_grouping_minutes=60)
    facts = [CREATED, changed(subscription(quantity=2), 15), changed(subscription(quantity=3), 15 + 1 / 48)]
    closed = books(*facts, policy=policy, at=CUT + 60 * SECOND)
    assert closed.at == CUT - SECOND
    assert later(closed, *facts, policy=policy) == [("expansion", 1000, 3000, CUT)]


def test_closed_books_can_be_closed_again() -> None:
    once = books(CREATED, RAISED)
    twice = books_closed_at(history(CREATED, RAISED, closed=once), DEFAULT, after(days=30))
    assert twice == books(CREATED, RAISED, at=after(days=30))
