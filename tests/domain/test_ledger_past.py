"""History before the first event, and what may no longer write history."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, CustomerId, EventId
from libs.domain.ledger import ClientHistory, Member, Movement, admitted, course_of, ledger, levels_of
from libs.domain.policy import DEFAULT, PRESETS, Policy
from libs.domain.subscription import Subscription
from libs.domain.version import Rank
from tests.domain.states import WINDOW, after, applied, customer, half_off, seen, subscription, told
from tests.domain.test_ledger_kinds import movements, with_status

SEEN, LATER = after(days=100), after(days=200)
TRIED = {"trial_start": after(), "trial_end": after(days=14)}


def past(of: Subscription, policy: Policy = DEFAULT) -> list[tuple[str, datetime, bool]]:
    found: tuple[Movement, ...] = movements(seen(of, SEEN), policy=policy)
    return [(one.kind.value, one.occurred_at, one.estimated) for one in found]


STARTED = ("new", after(), True)

PASTS: dict[str, tuple[Subscription, Policy, list[tuple[str, datetime, bool]]]] = {
    "active: from its start": (subscription(), DEFAULT, [STARTED]),
    "past due: as if it had paid": (with_status("past_due"), DEFAULT, [STARTED]),
    "after a trial: from its end": (
        with_status("active", **TRIED),
        DEFAULT,
        [("new", after(days=14), True)],
    ),
    "after a trial that counts: from its start": (
        with_status("active", **TRIED),
        replace(DEFAULT, include_trials=True),
        [STARTED],
    ),
    "on trial": (with_status("trialing", **TRIED), DEFAULT, []),
    "on trial that counts": (with_status("trialing", **TRIED), replace(DEFAULT, include_trials=True), [STARTED]),
    "paused: paid until it was seen": (with_status("paused"), DEFAULT, [STARTED, ("churn", SEEN, True)]),
    "unpaid: paid until it was seen": (with_status("unpaid"), DEFAULT, [STARTED, ("churn", SEEN, True)]),
    "canceled: until it ended": (
        with_status("canceled", ended_at=after(days=40)),
        DEFAULT,
        [STARTED, ("churn", after(days=40), True)],
    ),
    "canceled within its trial": (with_status("canceled", ended_at=after(days=7), **TRIED), DEFAULT, []),
    "canceled, counted at the request": (
        with_status("canceled", canceled_at=after(days=30), ended_at=after(days=40)),
        PRESETS["stripe"],
        [STARTED, ("churn", after(days=30), True)],
    ),
    "asked to end, counted at the request": (
        with_status("active", canceled_at=after(days=30), cancel_at=after(days=140)),
        PRESETS["stripe"],
        [STARTED, ("churn", after(days=30), True)],
    ),
    "its end has passed unnoticed": (
        with_status("active", cancel_at=after(days=50)),
        DEFAULT,
        [STARTED, ("churn", after(days=50), True)],
    ),
    "past due for too long": (
        with_status("past_due", current_period_start=after(days=20)),
        replace(DEFAULT, past_due_churn_after_days=30),
        [STARTED, ("churn", after(days=50), True)],
    ),
    "never paid": (with_status("incomplete_expired"), DEFAULT, []),
    "without a start: when it was seen": (
        with_status("active", start_date=None, created=None),
        DEFAULT,
        [("new", SEEN, True)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("of", "policy", "expected"), PASTS.values(), ids=PASTS.keys())
def test_the_first_snapshot_fixes_the_past(
    of: Subscription, policy: Policy, expected: list[tuple[str, datetime, bool]]
) -> None:
    assert past(of, policy) == expected


@pytest.mark.parametrize("status", ["paused", "unpaid", "canceled"])
def test_the_return_of_what_was_first_seen_gone_is_a_reactivation(status: str) -> None:
    first = seen(with_status(status, ended_at=after(days=40) if status == "canceled" else None), SEEN)
    back = told(subscription("sub_2"), after(days=120), Rank.CREATE)
    found = movements(first, back)
    assert [(one.kind.value, one.estimated) for one in found] == [
        ("new", True),
        ("churn", True),
        ("reactivation", False),
    ]


def test_the_past_is_at_the_present_amount() -> None:
    discounted = replace(subscription(), discounts=(replace(half_off(), start=after(days=60)),))
    assert [one.amount for one in movements(seen(discounted, SEEN))] == [500]


def test_an_event_that_tells_of_the_creation_leaves_nothing_to_estimate() -> None:
    created = told(replace(subscription(), start_date=after(days=-30)), after(), Rank.CREATE)
    assert [(one.occurred_at, one.estimated) for one in movements(created)] == [(after(), False)]


def test_a_first_event_estimates_what_was_before_it_and_is_none_itself() -> None:
    found = movements(told(with_status("paused"), after(days=9), event="evt_1"))
    assert [(one.kind.value, one.estimated, one.caused_by) for one in found] == [
        ("new", True, ("evt_1",)),
        ("churn", False, ("evt_1",)),
    ]


def paid_until(day: int) -> list[tuple[str, int, datetime, bool]]:
    return [("new", 1000, after(), True), ("churn", -1000, after(days=day), True)]


BEFORE: dict[str, tuple[Subscription, list[tuple[str, int, datetime, bool]]]] = {
    "another quantity": (
        subscription(quantity=3),
        [("new", 3000, after(), True), ("contraction", -2000, after(days=9), False)],
    ),
    "paused": (
        with_status("paused", current_period_start=None),
        [*paid_until(8), ("reactivation", 1000, after(days=9), False)],
    ),
    "unpaid since its period": (
        with_status("unpaid", current_period_start=after(days=5)),
        [*paid_until(5), ("reactivation", 1000, after(days=9), False)],
    ),
    "incomplete": (with_status("incomplete"), [("new", 1000, after(days=9), False)]),
    "on trial": (with_status("trialing"), [("new", 1000, after(days=9), False)]),
}  # fmt: skip


@pytest.mark.parametrize(("was", "expected"), BEFORE.values(), ids=BEFORE.keys())
def test_a_first_event_that_tells_what_was_before_it_makes_the_estimate_true_to_it(
    was: Subscription, expected: list[tuple[str, int, datetime, bool]]
) -> None:
    event = told(subscription(), after(days=9), event="evt_1")
    levels = levels_of(course_of([event], DEFAULT, LATER, {EventId("evt_1"): was}))
    found = ledger(ClientHistory(ClientId("acme"), (Member(CustomerId("cus_1"), levels),)), DEFAULT, LATER)
    assert [(one.kind.value, one.shown, one.occurred_at, one.estimated) for one in found] == expected


def test_the_customers_discount_is_taken_as_old_as_it_says() -> None:
    facts: list[Fact] = [seen(customer(discount=half_off()), SEEN), told(subscription(), after(days=1), Rank.CREATE)]
    assert [one.amount for one in movements(*facts)] == [500]


def test_a_customers_discount_with_events_of_its_own_begins_with_them() -> None:
    discount = replace(half_off(), start=None)
    facts: list[Fact] = [
        told(subscription(), after(days=1), Rank.CREATE),
        told(applied(discount), after(days=5), Rank.CREATE),
        seen(customer(discount=discount), SEEN),
    ]
    assert [(one.shown, one.occurred_at) for one in movements(*facts)] == [
        (1000, after(days=1)),
        (-500, after(days=5)),
    ]


def test_an_end_that_a_snapshot_finds_counts_from_when_it_was() -> None:
    gone = with_status("canceled", ended_at=after(days=40))
    found = movements(told(subscription(), after(), Rank.CREATE), seen(gone, after(days=41), Rank.TERMINAL_SNAPSHOT))
    assert [(one.kind.value, one.occurred_at) for one in found] == [("new", after()), ("churn", after(days=40))]


CREATED = told(subscription(), after(), Rank.CREATE)
RAISED = told(subscription(quantity=3), after(days=10))
BETWEEN = told(subscription(quantity=2), after(days=3))
OTHER = told(subscription("sub_2"), after(days=10), Rank.CREATE)
ENDED = told(with_status("canceled", ended_at=after(days=3)), after(days=3), Rank.TERMINAL)

ADMISSIONS: dict[str, tuple[list[Fact], list[datetime]]] = {
    "in order": ([CREATED, BETWEEN, RAISED], [after(), after(days=3), after(days=10)]),
    "late and overtaken: left aside": ([CREATED, RAISED, BETWEEN], [after(), after(days=10)]),
    "late and the newest: from when it was learned": (
        [CREATED, OTHER, BETWEEN],
        [after(), after(days=10), after(days=10)],
    ),
    "a late end ends all the same": ([CREATED, RAISED, ENDED], [after(), after(days=10), after(days=10)]),
    "a late repeat": ([CREATED, RAISED, CREATED], [after(), after(days=10)]),
    "a late end, again": ([CREATED, RAISED, ENDED, ENDED], [after(), after(days=10), after(days=10)]),
    "something new that happened long ago": (
        [RAISED, told(subscription("sub_2"), after(), Rank.CREATE)],
        [after(days=10), after(days=10)],
    ),
}


@pytest.mark.parametrize(("facts", "instants"), ADMISSIONS.values(), ids=ADMISSIONS.keys())
def test_what_comes_too_late_counts_from_when_it_was_learned_or_not_at_all(
    facts: list[Fact], instants: list[datetime]
) -> None:
    assert [fact.at for fact in admitted(facts, WINDOW)] == instants


@pytest.mark.parametrize("days", [0, 4, 400])
def test_without_limit_all_is_admitted_as_it_is(days: int) -> None:
    facts = [RAISED, told(subscription(), after(days=10 - days), Rank.CREATE)]
    assert admitted(facts, None) == tuple(facts)


@pytest.mark.parametrize(("known", "end"), [(CREATED, 3), (OTHER, 50)], ids=["history is open", "history is closed"])
def test_an_old_end_that_a_snapshot_finds_counts_from_it_while_history_is_open(known: Fact, end: int) -> None:
    gone = seen(with_status("canceled", ended_at=after(days=3)), after(days=50), Rank.TERMINAL_SNAPSHOT)
    last = admitted([CREATED, known, gone], WINDOW)[-1]
    assert isinstance(last.content, Subscription)
    assert last.content.ended_at == after(days=end)


def test_amounts_are_exact_and_shown_such_that_they_add_up() -> None:
    third = Fraction(1000, 3)
    of = [replace(one, before=Fraction(0), after=third) for one in movements(CREATED)]
    grown = replace(of[0], before=third, after=2 * third)
    assert (of[0].shown, grown.shown) == (333, 334)
