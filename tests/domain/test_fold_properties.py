"""Any order, any repeats, any batches: the same state, to the byte."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, CustomerState, fold
from libs.domain.fact import Fact
from libs.domain.policy import DEFAULT
from libs.wire.state_codec import decode_customer, encode_customer
from tests.counts import examples
from tests.domain.account_lives import account_lives, windows
from tests.domain.states import after

pytestmark = pytest.mark.timeout(3600)

MANY = examples(1000, 30_000)
SOME = examples(300, 10_000)

chance = st.randoms(use_true_random=False)


def one_by_one(facts: Sequence[Fact], window: timedelta | None) -> CustomerState:
    state = EMPTY
    for fact in facts:
        state = fold(state, [fact], window)
    return state


def delivered(facts: Sequence[Fact], chance: Random) -> list[Fact]:
    """Each fact one to five times, in any order."""
    deliveries = [fact for fact in facts for _ in range(chance.choice((1, 1, 1, 2, 5)))]
    chance.shuffle(deliveries)
    return deliveries


def batches(facts: Sequence[Fact], chance: Random) -> list[Sequence[Fact]]:
    cuts = sorted(chance.randrange(len(facts) + 1) for _ in range(chance.randrange(6)))
    return [facts[start:end] for start, end in zip([0, *cuts], [*cuts, len(facts)], strict=True)]


@settings(max_examples=MANY)
@given(account_lives, windows, chance)
def test_any_order_with_repeats_gives_the_bytes_of_the_ordered_run(
    facts: list[Fact], window: timedelta | None, chance: Random
) -> None:
    ordered = encode_customer(one_by_one(facts, window))
    assert encode_customer(one_by_one(delivered(facts, chance), window)) == ordered


@settings(max_examples=SOME)
@given(account_lives, windows, chance)
def test_any_split_into_batches_with_the_state_stored_between_gives_the_same_bytes(
    facts: list[Fact], window: timedelta | None, chance: Random
) -> None:
    state = EMPTY
    for batch in batches(delivered(facts, chance), chance):
        state = decode_customer(encode_customer(fold(state, batch, window)))
    assert encode_customer(state) == encode_customer(fold(EMPTY, facts, window))


@settings(max_examples=SOME)
@given(account_lives, windows, chance)
def test_a_replay_of_what_is_known_returns_the_same_object(
    facts: list[Fact], window: timedelta | None, chance: Random
) -> None:
    state = fold(EMPTY, facts, window)
    assert fold(state, delivered(facts, chance), window) is state


@settings(max_examples=SOME)
@given(account_lives, chance)
def test_what_holds_now_does_not_depend_on_how_much_history_is_kept(facts: list[Fact], chance: Random) -> None:
    """But for guesses between changes of one second, and for two versions from the future: they hide the present."""
    now = after(days=300)
    assume(sum(fact.at > now for fact in facts) < 2)
    whole = contribution(fold(EMPTY, facts, None), DEFAULT, now)
    kept = contribution(fold(EMPTY, delivered(facts, chance), timedelta(hours=1)), DEFAULT, now)
    sure = {one.mrr.subscription for one in whole.subscriptions} - {*whole.ambiguous, *kept.ambiguous}
    assert [one for one in kept.subscriptions if one.mrr.subscription in sure] == [
        one for one in whole.subscriptions if one.mrr.subscription in sure
    ]
