"""Which subscriptions count: status, trial, past due, pause, cancellation, deletion, and what the clock changes."""

from datetime import datetime, timedelta

import pytest

from libs.domain.mrr import Rule, evaluate
from libs.domain.policy import Policy, policy_of
from libs.domain.subscription import PauseBehavior, Subscription, SubscriptionStatus
from tests.builders import NOW, days, pause, subscription, terms

DEFAULT = policy_of("default", {})
AT_REQUEST = policy_of("default", {"churn_recognition": "at_request"})
TRIALS = policy_of("default", {"include_trials": True})
NO_PAST_DUE = policy_of("default", {"include_past_due": False})
THIRTY_DAYS = policy_of("baremetrics", {})


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        ("active", Rule.COUNTED),
        ("past_due", Rule.COUNTED),
        ("trialing", Rule.TRIALING),
        ("unpaid", Rule.UNPAID),
        ("paused", Rule.PAUSED),
        ("incomplete", Rule.INCOMPLETE),
        ("incomplete_expired", Rule.INCOMPLETE_EXPIRED),
        ("canceled", Rule.CANCELED),
    ],
)
def test_each_status(status: str, rule: Rule) -> None:
    answer = evaluate(subscription(status=status), terms())
    assert answer.rule is rule
    assert answer.counted == (rule is Rule.COUNTED)
    assert answer.amount == (1000 if answer.counted else 0)


def test_every_status_has_a_rule() -> None:
    for status in SubscriptionStatus:
        assert evaluate(subscription(status=status), terms()).rule in set(Rule)


@pytest.mark.parametrize("status", ["trialing", "unpaid", "paused", "incomplete", "canceled"])
def test_what_does_not_count_shows_what_it_would_add(status: str) -> None:
    answer = evaluate(subscription(status=status, gaps=("items",)), terms())
    (only,) = answer.items
    assert only.gross == 1000
    assert only.amount == 0
    assert only.rule is answer.rule
    assert answer.gaps == ()


@pytest.mark.parametrize("ends", [days(-1), NOW, days(1), None], ids=["over", "now", "later", "unknown"])
def test_a_trial_is_one_until_stripe_changes_its_status(ends: datetime | None) -> None:
    trial = subscription(status="trialing", trial_end=ends)
    assert evaluate(trial, terms()).amount == 0
    assert evaluate(trial, terms(TRIALS)).amount == 1000


@pytest.mark.parametrize(
    ("policy", "since", "counted", "change"),
    [
        (DEFAULT, None, True, None),
        (DEFAULT, days(-400), True, None),
        (NO_PAST_DUE, days(-1), False, None),
        (THIRTY_DAYS, days(-29), True, days(1)),
        (THIRTY_DAYS, days(-30) + timedelta(seconds=1), True, NOW + timedelta(seconds=1)),
        (THIRTY_DAYS, days(-30), False, None),
        (THIRTY_DAYS, days(-31), False, None),
        (THIRTY_DAYS, None, True, None),
    ],
)
def test_past_due(policy: Policy, since: datetime | None, counted: bool, change: datetime | None) -> None:
    answer = evaluate(subscription(status="past_due"), terms(policy, past_due_since=since))
    assert (answer.counted, answer.next_change) == (counted, change)


@pytest.mark.parametrize(("began", "counted"), [(days(-31), False), (days(-10), True)])
def test_past_due_without_history_is_taken_from_the_period_and_noted(began: datetime, counted: bool) -> None:
    answer = evaluate(subscription(status="past_due", period=(began, days(20))), terms(THIRTY_DAYS))
    assert answer.counted is counted
    assert answer.notes == ("past_due_since:assumed_from_period_start",)


def test_past_due_of_unknown_beginning_counts_and_is_noted() -> None:
    answer = evaluate(subscription(status="past_due"), terms(THIRTY_DAYS))
    assert (answer.counted, answer.notes) == (True, ("past_due_since:unknown",))


@pytest.mark.parametrize(
    ("rule", "behavior", "counted"),
    [
        ("by_behavior", "void", False),
        ("by_behavior", "mark_uncollectible", False),
        ("by_behavior", "keep_as_draft", True),
        ("include", "void", True),
        ("include", "mark_uncollectible", True),
        ("include", "keep_as_draft", True),
        ("exclude", "void", False),
        ("exclude", "mark_uncollectible", False),
        ("exclude", "keep_as_draft", False),
    ],
)
def test_pause_of_collection(rule: str, behavior: str, counted: bool) -> None:
    policy = policy_of("default", {"pause_collection": rule})
    answer = evaluate(subscription(pause=pause(behavior)), terms(policy))
    assert answer.counted is counted
    assert answer.rule is (Rule.COUNTED if counted else Rule.COLLECTION_PAUSED)


@pytest.mark.parametrize(
    ("resumes", "counted", "change"),
    [(days(-1), True, None), (NOW, True, None), (days(1), False, days(1)), (None, False, None)],
    ids=["over", "now", "later", "open end"],
)
def test_a_pause_ends_by_the_clock(resumes: datetime | None, counted: bool, change: datetime | None) -> None:
    answer = evaluate(subscription(pause=pause(PauseBehavior.VOID, resumes)), terms())
    assert (answer.counted, answer.next_change) == (counted, change)


LEAVING = subscription(cancel_at_period_end=True, period=(days(-10), days(20)), canceled_at=days(-1))
LEAVING_WITH_DATE = subscription(cancel_at=days(20), canceled_at=days(-1))


@pytest.mark.parametrize("leaving", [LEAVING, LEAVING_WITH_DATE], ids=["at period end", "at a date"])
def test_a_cancellation_takes_effect_as_the_policy_says(leaving: Subscription) -> None:
    at_end = evaluate(leaving, terms())
    at_request = evaluate(leaving, terms(AT_REQUEST))
    assert at_end.amount == 1000
    assert at_end.next_change == days(20)
    assert at_request.amount == 0
    assert at_request.rule == Rule.CANCELLATION_REQUESTED


@pytest.mark.parametrize(
    "ended",
    [
        subscription(cancel_at=NOW),
        subscription(cancel_at=days(-3)),
        subscription(cancel_at=days(-3), status="past_due"),
        subscription(cancel_at_period_end=True, period=(days(-31), days(-1))),
        subscription(ended_at=days(-1)),
    ],
    ids=["this second", "date passed", "past due", "period passed", "ended"],
)
def test_an_end_that_has_passed_counts_before_stripe_says_so(ended: Subscription) -> None:
    answer = evaluate(ended, terms())
    assert answer.amount == 0
    assert answer.rule == Rule.ENDED
    assert answer.next_change is None


def test_a_period_that_passed_ends_nothing_where_no_end_was_asked_for() -> None:
    assert evaluate(subscription(period=(days(-40), days(-10))), terms()).amount == 1000


def test_a_withdrawn_cancellation_counts_again() -> None:
    assert evaluate(subscription(canceled_at=days(-3)), terms(AT_REQUEST)).amount == 1000


def test_subscriptions_of_a_deleted_customer_do_not_count() -> None:
    answer = evaluate(subscription(), terms(customer_deleted=True))
    assert answer.amount == 0
    assert answer.rule == Rule.CUSTOMER_DELETED


def test_the_next_change_is_the_earliest_one() -> None:
    late = subscription(status="past_due", cancel_at=days(9))
    assert evaluate(late, terms(THIRTY_DAYS, past_due_since=days(-25))).next_change == days(5)
    assert evaluate(late, terms(THIRTY_DAYS, past_due_since=days(-1))).next_change == days(9)


@pytest.mark.parametrize(
    ("leaving", "policy"),
    [
        (LEAVING, DEFAULT),
        (subscription(pause=pause("void", days(3))), DEFAULT),
        (subscription(status="past_due"), THIRTY_DAYS),
    ],
    ids=["cancellation", "pause", "past due"],
)
def test_the_answer_changes_at_the_announced_instant_and_not_before(leaving: Subscription, policy: Policy) -> None:
    since = days(-12)
    before = evaluate(leaving, terms(policy, past_due_since=since))
    assert before.next_change is not None
    just_before = terms(policy, before.next_change - timedelta(seconds=1), past_due_since=since)
    assert evaluate(leaving, just_before).counted is before.counted
    at_once = terms(policy, before.next_change, past_due_since=since)
    assert evaluate(leaving, at_once).counted is not before.counted
