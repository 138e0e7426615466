"""What a reader of the stream ends up with is the ledger, however the facts were delivered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact, about_subscription
from libs.domain.identity import Currency, CustomerId
from libs.domain.ledger import Belonging, CustomerPast, Movement, refold
from libs.domain.policy import DEFAULT, FxMode, Policy, Rate
from libs.domain.totals import Total, by_currency
from libs.domain.version import Rank
from libs.wire.course_codec import belonging_of
from libs.wire.records import MovementRecord
from tests.counts import examples
from tests.domain.states import after
from tests.mrr.lives import (
    Delivery,
    FactStream,
    balances,
    in_euros,
    life,
    of,
    told,
    with_email,
    written,
)

pytestmark = pytest.mark.timeout(3600)

UNTIL = after(days=200)
OPEN = replace(DEFAULT, late_window_days=600)
ADDRESSES = ("a@acme.test", "b@bolt.test", "c@gmail.com")
CLAIMS = (("acme.test",), ("bolt.test",), ("acme.test", "bolt.test"), ())
MANY = settings(max_examples=examples(1000, 50_000), deadline=None)
seeds = st.integers(0, 2**32)


def streamed(deliveries: Iterable[Delivery], dice: Random, **options: object) -> FactStream:
    """The facts, delivered in this order, in rounds of random size."""
    stream = FactStream(now=UNTIL, seed=dice.randint(0, 99), most=12)
    stream.settle(**({"late_window_days": 600} | options))
    stream.deliver(deliveries)
    return stream


def shuffled(deliveries: Sequence[Delivery], dice: Random) -> list[Delivery]:
    """Each one to five times, in any order."""
    several = [one for one in deliveries for _ in range(dice.choice((1, 1, 1, 2, 5)))]
    dice.shuffle(several)
    return several


def refolded(stream: FactStream, deliveries: Iterable[Delivery], policy: Policy = OPEN) -> list[Movement]:
    """The ledger from the facts alone; to whom the customers belonged is as the stream says."""
    facts: dict[CustomerId, list[Fact]] = {}
    for name, fact in deliveries:
        facts.setdefault(name, []).append(fact)
    belongings = belongings_in(stream)
    pasts = [CustomerPast(name, tuple(facts[name]), belongings[name]) for name in facts]
    clients = sorted({client for past in pasts for _, client in past.belonging})
    return [one for client in clients for one in refold(client, pasts, policy, UNTIL)]


def belongings_in(stream: FactStream) -> dict[CustomerId, Belonging]:
    """To whom each customer belonged, as the latest record that names it says."""
    members = [member for record in stream.revenue.values() for member in record.members]
    newest = {member.customer: member for member in sorted(members, key=lambda one: one.revision)}
    return {CustomerId(name): belonging_of(member.belongings) for name, member in newest.items()}


def assert_chained(movements: Iterable[MovementRecord]) -> None:
    """Each `before` is the `after` before it, by client and currency."""
    last: dict[tuple[str, str], str] = {}
    for one in movements:
        place = one.client, one.currency
        assert one.exact_before == last.get(place, "0"), one.id
        last[place] = one.exact_after


def total(movements: Iterable[MovementRecord], at: datetime) -> dict[str, Fraction]:
    """What all clients have, by currency."""
    found: dict[str, Fraction] = {}
    for (_, currency), amount in balances(movements, at).items():
        found[currency] = found.get(currency, Fraction(0)) + amount
    return {currency: amount for currency, amount in found.items() if amount}


def mrr_now(facts: Iterable[Fact], policy: Policy) -> dict[str, Fraction]:
    """What the facts add up to by the rules of the present."""
    shares = contribution(fold(EMPTY, facts, policy.late_window), policy, UNTIL).subscriptions
    sums = by_currency(Total(share.mrr.amount, share.mrr.currency) for share in shares)
    return {str(code): amount for code, amount in sums.items() if amount}


@MANY
@given(seeds)
def test_any_order_and_repeats_within_the_window_give_the_ledger(seed: int) -> None:
    dice = Random(seed)
    deliveries = of("cus_1", life(dice, most=6))
    stream = streamed(shuffled(deliveries, dice), dice)
    assert told(stream.movements()) == written(refolded(stream, deliveries))


def is_guessed(facts: Iterable[Fact]) -> bool:
    """Whether a subscription was changed more than once in a second, and not all of it tells what was before."""
    seconds: dict[tuple[object, datetime], list[Fact]] = {}
    for fact in facts:
        if about_subscription(fact) and fact.rank is Rank.UPDATE:
            seconds.setdefault((fact.content.id, fact.at), []).append(fact)
    return any(
        len({one.event for one in told}) > 1 and any(one.previous is None for one in told) for told in seconds.values()
    )


def lives(dice: Random) -> Iterator[list[Fact]]:
    """One random life after the other."""
    while True:
        yield life(dice, most=7)


def smooth_and_rough(facts: Iterable[Fact], days: int, dice: Random) -> tuple[FactStream, FactStream]:
    """The same deliveries, however late, once in rounds and once to workers that crash; both end at the present."""
    deliveries = shuffled(of("cus_1", [fact for fact in facts if fact.at <= UNTIL]), dice)
    smooth, rough = streamed(deliveries, dice, late_window_days=days), streamed((), dice, late_window_days=days)
    rough.deliver_roughly(deliveries, dice)
    present = mrr_now([fact for _, fact in deliveries], replace(DEFAULT, late_window_days=days))
    for stream in (smooth, rough):
        assert_chained(stream.movements())
        assert total(stream.movements(), UNTIL) == present
    return smooth, rough


@MANY
@given(seeds)
def test_however_late_things_come_the_rounds_and_crashes_make_no_difference(seed: int) -> None:
    """But for the instant at which a guess about one second is corrected: see the next test."""
    dice = Random(seed)
    facts = next(told for told in lives(dice) if not is_guessed(told))
    smooth, rough = smooth_and_rough(facts, dice.choice((1, 4, 30)), dice)
    assert told(rough.movements()) == told(smooth.movements())


@settings(MANY, max_examples=examples(100, 5_000))
@given(seeds)
def test_however_late_things_come_and_whatever_is_guessed_the_ledger_ends_at_the_present(seed: int) -> None:
    dice = Random(seed)
    facts = next(told for told in lives(dice) if is_guessed(told))
    smooth_and_rough(facts, dice.choice((1, 4, 30)), dice)


@pytest.mark.parametrize("seed", [1648, 43064])
def test_a_guess_that_turns_out_otherwise_is_corrected_in_the_round_in_which_it_does(seed: int) -> None:
    dice = Random(seed)
    days = dice.choice((1, 4, 30))
    smooth, rough = smooth_and_rough(life(dice, most=7), days, dice)
    assert told(rough.movements()) == told(smooth.movements())


@MANY
@given(seeds)
def test_wherever_customers_belong_the_totals_stay(seed: int) -> None:
    dice = Random(seed)
    known = [with_email(dice.choice(ADDRESSES), after(dice.randint(0, 3_000_000))) for _ in range(dice.randint(0, 3))]
    deliveries = [*of("cus_1", [*life(dice, most=4), *known]), *of("cus_2", life(dice, most=4))]
    stream, alone = streamed((), dice), streamed(deliveries, dice)
    rest = shuffled(deliveries, dice)
    for _ in range(dice.randint(0, 3)):
        some = dice.randint(0, len(rest))
        stream.deliver_roughly(rest[:some], dice)
        rest = rest[some:]
        stream.say(dice.choice(("acme", "bolt")), after(days=dice.randint(0, 30)), domains=dice.choice(CLAIMS))
        stream.wake()
    stream.deliver_roughly(rest, dice)
    movements, still = stream.movements(), alone.movements()
    assert told(movements) == written(refolded(stream, deliveries))
    assert_chained(movements)
    for at in {one.occurred_at for one in (*movements, *still)}:
        assert total(movements, at) == total(still, at), at
        assert not total([one for one in movements if one.kind == "transfer"], at), at


@MANY
@given(seeds)
def test_in_a_base_currency_the_stream_writes_the_same_ledger(seed: int) -> None:
    dice = Random(seed)
    rates = tuple(
        Rate(Currency("eur"), Fraction(dice.randint(50, 200), 100), day)
        for day in sorted({date(2025, 1, 1) + timedelta(days=dice.randint(0, 30)) for _ in range(dice.randint(0, 3))})
    )
    mode = dice.choice(tuple(FxMode))
    policy = replace(OPEN, base_currency=Currency("usd"), fx=rates, fx_mode=mode)
    deliveries = of("cus_1", in_euros(life(dice, most=6)))
    stream = streamed(shuffled(deliveries, dice), dice)
    fx = {"eur": {f"{rate.day}": str(rate.rate) for rate in rates}} if rates else {}
    stream.settle(late_window_days=600, base_currency="usd", fx=fx, fx_mode=mode.value)
    stream.wake()
    assert told(stream.movements()) == written(refolded(stream, deliveries, policy))
