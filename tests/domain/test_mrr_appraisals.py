"""What is remembered of an evaluation is what would be said again."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.fact import Fact, about_subscription
from libs.domain.mrr import Appraisals, Rule, evaluate
from libs.domain.policy import DEFAULT
from libs.domain.subscription import Subscription, SubscriptionStatus
from tests.builders import days, discount, pause, percent_off, subscription, terms
from tests.counts import examples
from tests.domain.account_lives import account_lives
from tests.domain.states import after

POLICIES = (DEFAULT, replace(DEFAULT, past_due_churn_after_days=2, include_past_due=True))
ENDS = (None, after(days=2), after(days=5), after(days=40))
MANY = settings(max_examples=examples(100, 3000), deadline=None)


@MANY
@given(account_lives, st.integers(0, 2**32))
def test_it_says_what_an_evaluation_says(life: list[Fact], seed: int) -> None:
    dice, appraise = Random(seed), Appraisals()
    contents = [fact.content for fact in life if about_subscription(fact)]
    changed = [replace(one, cancel_at=dice.choice(ENDS)) for one in contents]
    known = {one.id: one for content in changed for one in content.discounts}
    for _ in range(30 if changed else 0):
        asked = replace(
            terms(dice.choice(POLICIES)),
            now=after(days=dice.randint(0, 9)),
            customer_discount=dice.choice((None, None, percent_off(20))),
            past_due_since=dice.choice((None, after(days=1))),
            customer_deleted=dice.random() < 0.1,
            known_discounts=dice.choice(({}, known)),
        )
        one = dice.choice(changed)
        assert appraise(one, asked) == evaluate(one, asked)


TRIAL = replace(subscription(status="trialing"), cancel_at=days(3))
LATE = subscription(status="past_due", pause=pause("void", days(50)), period=(days(-1), days(20)))
THIRTY = replace(DEFAULT, past_due_churn_after_days=4)


@pytest.mark.parametrize(
    ("it", "rules"),
    [
        (TRIAL, (Rule.TRIALING, Rule.ENDED)),
        (LATE, (Rule.COLLECTION_PAUSED, Rule.PAST_DUE_TOO_LONG)),
        (subscription(discounts=(discount(end=days(2)),)), (Rule.COUNTED, Rule.COUNTED)),
    ],
    ids=["a trial that was given up", "a debt that gets too old while paused", "a discount that ends"],
)
def test_what_the_clock_changes_is_asked_for_again(it: Subscription, rules: tuple[Rule, Rule]) -> None:
    appraise, now = Appraisals(), terms(THIRTY)
    later = replace(now, now=now.now + timedelta(days=5))
    assert (appraise(it, now).rule, appraise(it, later).rule) == rules
    assert appraise(it, later) == evaluate(it, later)


def test_the_very_same_answer_is_given_again() -> None:
    appraise, it, now = Appraisals(), subscription(), terms()
    later = replace(now, now=now.now + timedelta(days=5))
    assert appraise(it, later) is not evaluate(it, later)
    assert appraise(it, later) is appraise(it, replace(later, now=later.now + timedelta(days=9)))
    assert it.status is SubscriptionStatus.ACTIVE
