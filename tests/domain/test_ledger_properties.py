"""The ledger balances, for any life of an account, told in any order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact
from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import Member, Movement, balance_at, course_of, ledger
from libs.domain.policy import Policy
from libs.domain.totals import Total, by_currency
from tests.counts import examples
from tests.domain.account_lives import account_lives
from tests.domain.states import after

pytestmark = pytest.mark.timeout(3600)

MANY = examples(200, 20_000)
UNTIL = after(days=200)
CLIENT, OTHER, CUSTOMER = ClientId("acme"), ClientId("other"), CustomerId("cus_1")

chance = st.randoms(use_true_random=False)
policies = st.builds(
    Policy,
    include_past_due=st.booleans(),
    past_due_churn_after_days=st.sampled_from((None, 0, 3)),
    free_is_churn=st.booleans(),
    reactivation_window_days=st.sampled_from((None, 1)),
    late_window_days=st.none(),
)


def written(facts: Iterable[Fact], policy: Policy) -> tuple[Movement, ...]:
    return ledger(CLIENT, [Member(CUSTOMER, course_of(facts, policy, UNTIL))], policy, UNTIL)


def mrr_at(facts: Sequence[Fact], policy: Policy, at: datetime) -> dict[Currency, Fraction]:
    """By the rules of the present, asked at `at` of what had happened by then (what discounts grant is timeless)."""
    everything = fold(EMPTY, facts, None)
    state = replace(fold(EMPTY, [fact for fact in facts if fact.at <= at], None), known=everything.known)
    shares = contribution(state, policy, at).subscriptions
    return {
        code: sum_ for code, sum_ in by_currency(Total(s.mrr.amount, s.mrr.currency) for s in shares).items() if sum_
    }


def standing_sums(movements: Iterable[Movement], at: datetime) -> dict[Currency, Fraction]:
    return {currency: amount for currency, amount in balance_at(movements, at).items() if amount}


@settings(max_examples=MANY)
@given(account_lives, policies)
def test_movements_up_to_each_instant_add_up_to_the_mrr_at_it(facts: list[Fact], policy: Policy) -> None:
    movements = written(facts, policy)
    instants = {fact.at for fact in facts if fact.at <= UNTIL} | {one.occurred_at for one in movements} | {UNTIL}
    for at in instants | {at - timedelta(seconds=1) for at in instants}:
        assert standing_sums(movements, at) == mrr_at(facts, policy, at), at
