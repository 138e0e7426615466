"""What a change of a client's MRR is called: the whole table, and lives that go through it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, Currency, CustomerId, PriceId
from libs.domain.ledger import Movement, MovementKind, Standing, course_of, kind_of, project_ledger
from libs.domain.ledger.classification import ClientStanding, Presence, forgotten, standing_after
from libs.domain.policy import DEFAULT, Policy
from libs.domain.subscription import Cancellation, PauseBehavior, PauseCollection, Subscription, SubscriptionStatus
from libs.domain.version import Rank
from tests.domain.states import T0, after, customer, half_off, subscription, told

UNTIL = after(days=200)
NEVER, ACTIVE, LAPSED = Standing.STRANGER, Standing.ACTIVE, Standing.LAPSED
Kind = MovementKind

KINDS = {
    (NEVER, ACTIVE, True): Kind.NEW,
    (ACTIVE, ACTIVE, True): Kind.EXPANSION,
    (ACTIVE, ACTIVE, False): Kind.CONTRACTION,
    (ACTIVE, LAPSED, False): Kind.CHURN,
    (LAPSED, ACTIVE, True): Kind.REACTIVATION,
}


@pytest.mark.parametrize(("change", "kind"), KINDS.items(), ids=str)
def test_each_change_has_its_kind(change: tuple[Standing, Standing, bool], kind: MovementKind) -> None:
    assert kind_of(*change) is kind


@pytest.mark.parametrize("change", list(product(Standing, Standing, (True, False))), ids=str)
def test_no_change_falls_through(change: tuple[Standing, Standing, bool]) -> None:
    assert kind_of(*change) in {Kind.NEW, Kind.EXPANSION, Kind.CONTRACTION, Kind.CHURN, Kind.REACTIVATION}


PAYS, FREE, GONE = Presence(True, True), Presence(False, True), Presence(False, False)
LENIENT = replace(DEFAULT, free_is_churn=False)


@pytest.mark.parametrize(
    ("before", "now", "policy", "standing"),
    [
        *((before, PAYS, policy, ACTIVE) for before in Standing for policy in (DEFAULT, LENIENT)),
        *((NEVER, now, policy, NEVER) for now in (FREE, GONE) for policy in (DEFAULT, LENIENT)),
        *((LAPSED, now, policy, LAPSED) for now in (FREE, GONE) for policy in (DEFAULT, LENIENT)),
        (ACTIVE, FREE, DEFAULT, LAPSED),
        (ACTIVE, FREE, LENIENT, ACTIVE),
        (ACTIVE, GONE, DEFAULT, LAPSED),
        (ACTIVE, GONE, LENIENT, LAPSED),
    ],
)
def test_how_a_client_stands_after_a_change(
    before: Standing, now: Presence, policy: Policy, standing: Standing
) -> None:
    assert standing_after(ClientStanding(before), now, policy, T0).standing is standing


@pytest.mark.parametrize(
    ("days", "standing"), [(0, LAPSED), (90, LAPSED), (91, NEVER)], ids=["at once", "just in time", "too late"]
)
def test_a_return_after_too_long_is_judged_as_new(days: int, standing: Standing) -> None:
    policy = replace(DEFAULT, reactivation_window_days=90)
    lapsed = ClientStanding(LAPSED, T0)
    assert forgotten(lapsed, after(days=days), policy).standing is standing
    assert forgotten(lapsed, after(days=days), DEFAULT) is lapsed


def movements(*facts: Fact, policy: Policy = DEFAULT, until: datetime = UNTIL) -> tuple[Movement, ...]:
    """The ledger of one customer, without limit to how late a fact may come."""
    name, policy = CustomerId("cus_1"), replace(policy, late_window_days=None)
    return project_ledger({name: course_of(facts, policy, until)}, {name: ((None, ClientId("acme")),)}, policy, until)


def kinds(*facts: Fact, policy: Policy = DEFAULT) -> list[tuple[str, int]]:
    return [(one.kind.value, one.shown) for one in movements(*facts, policy=policy)]


def created(of: Subscription, day: float = 0) -> Fact:
    return told(of, after(days=day), Rank.CREATE)


def changed(of: Subscription, day: float) -> Fact:
    return told(of, after(days=day))


def with_status(status: str, **more: object) -> Subscription:
    return replace(subscription(), status=SubscriptionStatus(status), **more)  # type: ignore[arg-type]  # of any field


SECOND_SUB = subscription("sub_2", 3)
EURO = replace(
    subscription("sub_2"),
    currency=Currency("eur"),
    items=tuple(
        replace(item, price=replace(item.price, currency=Currency("eur"))) for item in subscription("sub_2").items
    ),
)

LIVES: dict[str, tuple[list[Fact], list[tuple[str, int]]]] = {
    "a second subscription is an expansion": (
        [created(subscription()), created(SECOND_SUB, 1)],
        [("new", 1000), ("expansion", 3000)],
    ),
    "the end of one of two is a contraction": (
        [created(subscription()), created(SECOND_SUB), changed(with_status("canceled"), 2)],
        [("new", 4000), ("contraction", -1000)],
    ),
    "the end of all is churn": (
        [created(subscription()), changed(with_status("canceled"), 2)],
        [("new", 1000), ("churn", -1000)],
    ),
    "a return": (
        [created(subscription()), changed(with_status("canceled"), 2), created(SECOND_SUB, 60)],
        [("new", 1000), ("churn", -1000), ("reactivation", 3000)],
    ),
    "a swap within a second is its difference": (
        [created(subscription()), changed(with_status("canceled"), 2), created(SECOND_SUB, 2)],
        [("new", 1000), ("expansion", 2000)],
    ),
    "nothing but a status that counts all the same": (
        [created(subscription()), changed(with_status("past_due"), 2)],
        [("new", 1000)],
    ),
    "incomplete is neither new nor churn": (
        [created(with_status("incomplete")), changed(with_status("incomplete_expired"), 1)],
        [],
    ),
    "euros beside live dollars are an expansion": (
        [created(subscription()), created(EURO, 1)],
        [("new", 1000), ("expansion", 1000)],
    ),
    "dollars go, euros stay: a contraction": (
        [created(subscription()), created(EURO, 1), changed(with_status("canceled"), 2)],
        [("new", 1000), ("expansion", 1000), ("contraction", -1000)],
    ),
    "all currencies at once are new, and churn": (
        [
            created(subscription()),
            created(EURO),
            changed(with_status("canceled"), 2),
            changed(replace(EURO, status=SubscriptionStatus.CANCELED), 2),
        ],
        [("new", 1000), ("new", 1000), ("churn", -1000), ("churn", -1000)],
    ),
}


@pytest.mark.parametrize(("facts", "expected"), LIVES.values(), ids=LIVES.keys())
def test_lives(facts: list[Fact], expected: list[tuple[str, int]]) -> None:
    assert kinds(*facts) == expected


FREE_SUB = replace(subscription(quantity=0))
FREED = [created(subscription()), changed(FREE_SUB, 2), changed(subscription(), 9)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(DEFAULT, ["new", "churn", "reactivation"]), (LENIENT, ["new", "contraction", "expansion"])],
    ids=["churn", "no churn"],
)
def test_being_free_is_churn_or_not(policy: Policy, expected: list[str]) -> None:
    assert [kind for kind, _ in kinds(*FREED, policy=policy)] == expected


def test_a_free_client_who_leaves_and_pays_again_is_back_even_where_free_is_no_churn() -> None:
    facts = [created(subscription()), changed(FREE_SUB, 2), changed(with_status("canceled"), 4), created(SECOND_SUB, 9)]
    assert [kind for kind, _ in kinds(*facts, policy=LENIENT)] == ["new", "contraction", "reactivation"]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, [("new", 1000), ("expansion", 1000), ("expansion", 2000)]),
        (60, [("new", 2000), ("expansion", 2000)]),
        (180, [("new", 4000)]),
    ],
)
def test_changes_within_the_grouping_window_are_one(minutes: int, expected: list[tuple[str, int]]) -> None:
    facts = [
        created(subscription()),
        changed(subscription(quantity=2), 1 / 24),
        changed(subscription(quantity=4), 2 / 24),
    ]
    assert kinds(*facts, policy=replace(DEFAULT, movement_grouping_minutes=minutes)) == expected


def test_a_group_begins_with_the_first_change_of_an_amount() -> None:
    facts = [
        created(subscription()),
        changed(with_status("past_due"), 1),
        changed(subscription(quantity=2), 1 + 1 / 48),
    ]
    found = movements(*facts, policy=replace(DEFAULT, movement_grouping_minutes=60))
    assert [one.occurred_at for one in found] == [after(), after(days=1 + 1 / 48)]


def test_leaving_and_returning_within_a_group_is_nothing() -> None:
    facts = [created(subscription()), changed(with_status("paused"), 1), changed(subscription(), 1 + 1 / 48)]
    assert kinds(*facts, policy=replace(DEFAULT, movement_grouping_minutes=60)) == [("new", 1000)]


def test_a_movement_names_who_moved_it_most_and_all_its_events() -> None:
    facts = [
        told(subscription(), after(days=1), Rank.CREATE, event="evt_1"),
        told(SECOND_SUB, after(days=1), Rank.CREATE, event="evt_2"),
    ]
    only = movements(*facts)[0]
    assert (only.subscription, only.customer, only.caused_by) == ("sub_2", "cus_1", ("evt_1", "evt_2"))
    assert only.id == f"acme/{int(after(days=1).timestamp())}/usd"
    assert not only.estimated


REQUEST = Cancellation("cancellation_requested", "too_expensive")
HALF_OFF = replace(subscription(), discounts=(half_off(end=after(days=20)),))
PAUSED = replace(subscription(), pause_collection=PauseCollection(PauseBehavior.VOID, after(days=9)))

OTHER_PRICE = replace(subscription().items[0].price, id=PriceId("price_9"), unit_amount=Decimal(2500))
DEARER = replace(subscription(), items=(replace(subscription().items[0], price=OTHER_PRICE),))

REASONS: dict[str, tuple[list[Fact], list[str]]] = {
    "quantity": ([changed(subscription(quantity=2), 2)], ["quantity_change"]),
    "another plan": ([changed(DEARER, 2)], ["plan_change"]),
    "a discount that ends by the clock": ([changed(HALF_OFF, 2)], ["discount_began", "discount_ended"]),
    "a pause that ends by the clock": ([changed(PAUSED, 2)], ["pause", "resumed"]),
    "paused by Stripe": ([changed(with_status("paused"), 2)], ["pause"]),
    "canceled": ([changed(with_status("canceled", cancellation=REQUEST), 2)], ["cancellation"]),
    "a cancellation that takes effect by the clock": (
        [changed(with_status("active", cancel_at=after(days=30)), 2)],
        ["cancellation"],
    ),
    "canceled for want of payment": (
        [changed(with_status("canceled", cancellation=Cancellation("payment_failed")), 2)],
        ["payment_failure"],
    ),
    "unpaid, then paid": (
        [changed(with_status("unpaid"), 2), changed(subscription(), 3)],
        ["payment_failure", "payment_recovered"],
    ),
    "the customer is deleted": ([told(customer(deleted=True), after(days=2), Rank.TERMINAL)], ["customer_deleted"]),
}


@pytest.mark.parametrize(("facts", "reasons"), REASONS.values(), ids=REASONS.keys())
def test_reasons(facts: list[Fact], reasons: list[str]) -> None:
    found = movements(created(subscription()), *facts)
    assert [one.reason.value for one in found] == ["subscription_started", *reasons]


def test_a_churn_tells_what_the_subscriber_said() -> None:
    last = movements(created(subscription()), changed(with_status("canceled", cancellation=REQUEST), 2))[-1]
    assert last.cancellation == REQUEST


def test_a_trial_that_converts_is_new_for_that_reason() -> None:
    found = movements(created(with_status("trialing")), changed(subscription(), 14))
    assert [(one.kind, one.reason, one.occurred_at) for one in found] == [("new", "trial_converted", after(days=14))]


def test_clock_driven_changes_come_at_their_instant_and_name_the_event_that_announced_them() -> None:
    leaving = told(with_status("active", cancel_at=after(days=30)), after(days=2), event="evt_leaving")
    last = movements(created(subscription()), leaving)[-1]
    assert (last.kind, last.occurred_at, last.caused_by) == ("churn", after(days=30), ("evt_leaving",))


def test_days_past_due_end_by_the_clock() -> None:
    policy = replace(DEFAULT, past_due_churn_after_days=30)
    last = movements(created(subscription()), changed(with_status("past_due"), 2), policy=policy)[-1]
    assert (last.kind, last.occurred_at) == ("churn", after(days=32))


def test_what_lies_ahead_is_not_written_yet() -> None:
    leaving = changed(with_status("active", cancel_at=after(days=30)), 2)
    assert len(movements(created(subscription()), leaving, until=after(days=30) - timedelta(seconds=1))) == 1
