"""What a reader of the stream ends up with is the ledger, however the facts were delivered."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.fact import Fact
from libs.domain.identity import CustomerId, own_client
from libs.domain.ledger import course_of, project_ledger
from libs.domain.policy import DEFAULT
from libs.wire.codec import encode
from libs.wire.records import SettingsRecord
from tests.counts import examples
from tests.domain.account_lives import account_lives
from tests.domain.states import after
from tests.mrr.lives import FactStream, told, written

CUSTOMER = CustomerId("cus_1")
UNTIL = after(days=200)
MANY = examples(1000, 20_000)
chance = st.randoms(use_true_random=False)
OPEN = replace(DEFAULT, late_window_days=600)


def delivered(facts: Sequence[Fact], chance: Random) -> list[Fact]:
    """Each fact one to five times, in any order."""
    deliveries = [fact for fact in facts for _ in range(chance.choice((1, 1, 1, 2, 5)))]
    chance.shuffle(deliveries)
    return deliveries


def streamed(facts: Sequence[Fact], seed: int, days: int) -> FactStream:
    """One customer's facts, delivered in this order, in rounds of random size."""
    stream = FactStream(now=UNTIL, seed=seed, most=12)
    policy: dict[str, object] = {"late_window_days": days}
    stream.policies.apply(b"acme", encode(SettingsRecord(project="acme", version=1, policy=policy)))
    stream.deliver([(CUSTOMER, fact) for fact in facts])
    return stream


@settings(max_examples=MANY, deadline=None)
@given(account_lives, chance)
def test_any_order_and_repeats_within_the_window_give_the_ledger(facts: list[Fact], chance: Random) -> None:
    stream = streamed(delivered(facts, chance), chance.randint(0, 99), 600)
    name = CustomerId("cus_1")
    expected = project_ledger({name: course_of(facts, OPEN, UNTIL)}, {name: ((None, own_client(name)),)}, OPEN, UNTIL)
    assert told(stream.movements()) == written(expected)
