"""What a reader of the stream ends up with is the ledger, however the facts were delivered."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact
from libs.domain.identity import Currency, CustomerId
from libs.domain.ledger import Belonging, CustomerPast, Movement, refold
from libs.domain.policy import DEFAULT, FxMode, Policy, Rate
from libs.domain.totals import Total, by_currency
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


@MANY
@given(seeds)
@example(1648)  # both guess otherwise which of two changes of one second came first once more is forgotten
@example(43064)
def test_however_late_things_come_the_rounds_and_crashes_make_no_difference(seed: int) -> None:
    dice = Random(seed)
    days = dice.choice((1, 4, 30))
    facts = [fact for fact in life(dice, most=7) if fact.at <= UNTIL]
    deliveries = shuffled(of("cus_1", facts), dice)
    smooth, rough = streamed(deliveries, dice, late_window_days=days), streamed((), dice, late_window_days=days)
    rough.deliver_roughly(deliveries, dice)
    assert told(rough.movements()) == told(smooth.movements())
    assert_chained(smooth.movements())
    policy = replace(DEFAULT, late_window_days=days)
    assert total(smooth.movements(), UNTIL) == mrr_now([fact for _, fact in deliveries], policy)


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
