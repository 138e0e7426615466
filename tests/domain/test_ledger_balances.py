"""A thousand projects: at every instant the ledger adds up to what each client pays, whoever belongs to whom.

Per client and in total, per currency and in the base currency, while customers move and rates change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import Belonging, Movement, MovementKind, balance_at, course_of, project_ledger, stays_with
from libs.domain.money import round_half_up
from libs.domain.policy import FxMode, Policy, Rate
from libs.domain.totals import Total, by_currency, in_one_currency
from tests.counts import examples
from tests.domain.present import Present
from tests.domain.states import after
from tests.mrr.lives import in_euros, life, of

pytestmark = pytest.mark.timeout(3600)

UNTIL = after(days=200)
SECOND = timedelta(seconds=1)
USD, EUR = Currency("usd"), Currency("eur")
CLIENTS = (ClientId("acme"), ClientId("bolt"), ClientId("cone"))
Amounts = dict[Currency, Fraction]


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer's life, and to whom it belongs since when."""

    name: CustomerId
    facts: Sequence[Fact]
    belonging: Belonging
    present: Present

    def is_at(self, client: ClientId, at: datetime) -> bool:
        stays = stays_with(client, self.belonging)
        return any((one.since is None or one.since <= at) and (one.until is None or at < one.until) for one in stays)


def customer(name: str, dice: Random) -> Customer:
    facts = [fact for _, fact in of(name, in_euros(life(dice, most=5)))]
    days = sorted(dice.sample(range(41), dice.randint(0, 3)))
    whose = [dice.choice(CLIENTS)]
    for _ in days:
        whose.append(dice.choice([client for client in CLIENTS if client != whose[-1]]))
    moves = tuple((after(days=day), client) for day, client in zip(days, whose[1:], strict=True))
    return Customer(CustomerId(name), facts, ((None, whose[0]), *moves), Present(facts))


def policy_of(dice: Random) -> Policy:
    """Any options; half of the projects have a base currency, with rates of the other from some day on, or none."""
    days = sorted({dice.randint(0, 30) for _ in range(dice.randint(0, 3))})
    fx = tuple(Rate(EUR, Fraction(dice.randint(50, 200), 100), date(2025, 1, 1) + timedelta(days=day)) for day in days)
    return Policy(
        include_past_due=dice.random() < 0.5,
        past_due_churn_after_days=dice.choice((None, 0, 3)),
        free_is_churn=dice.random() < 0.5,
        reactivation_window_days=dice.choice((None, 1)),
        late_window_days=None,
        base_currency=dice.choice((None, USD)),
        fx=fx,
        fx_mode=dice.choice(tuple(FxMode)),
    )


def added(amounts: Iterable[Amounts]) -> Amounts:
    """The sums by currency, without those that are nothing."""
    sums = by_currency(Total(amount, code) for each in amounts for code, amount in each.items())
    return {code: amount for code, amount in sums.items() if amount}


def own_at(movements: Iterable[Movement], at: datetime) -> Amounts:
    return added([by_currency(one for movement in movements if movement.occurred_at <= at for one in movement.own)])


def instants(customers: Iterable[Customer], movements: Iterable[Movement]) -> list[datetime]:
    told = {fact.at for one in customers for fact in one.facts if fact.at <= UNTIL}
    told |= {one.occurred_at for one in movements} | {UNTIL}
    return sorted(told | {at - SECOND for at in told})


def assert_chained(movements: Iterable[Movement]) -> None:
    """Each `before` is the `after` before it; what is shown adds up to the balance that is shown."""
    last: dict[tuple[ClientId, Currency], tuple[Fraction, int]] = {}
    for one in movements:
        after_it, shown = last.get((one.client, one.currency), (Fraction(0), 0))
        assert one.before == after_it, one.id
        assert shown + one.shown == round_half_up(one.after), one.id
        last[one.client, one.currency] = one.after, shown + one.shown


def assert_worth(movements: Sequence[Movement], own: Amounts, policy: Policy, at: datetime) -> None:
    """In the ledger's currencies: at the day's rate; under locked rates, as long as anything is held."""
    kept = added([balance_at(movements, at)])
    if policy.base_currency is None:
        assert kept == own, at
    elif policy.fx_mode is FxMode.LOCK:
        assert bool(kept) == bool(own), at
    elif (total := in_one_currency(own, policy, at.date())) is not None:
        assert kept == added([{USD: total.amount}]), at
    else:
        assert kept.get(EUR) == own.get(EUR), at


@settings(max_examples=examples(1000, 50_000), deadline=None)
@given(st.integers(0, 2**32))
def test_at_every_instant_the_ledger_adds_up_to_what_each_client_pays(seed: int) -> None:
    dice = Random(seed)
    policy, customers = policy_of(dice), [customer("cus_1", dice), customer("cus_2", dice)]
    courses = {one.name: course_of(one.facts, policy, UNTIL) for one in customers}
    movements = project_ledger(courses, {one.name: one.belonging for one in customers}, policy, UNTIL)
    still = project_ledger(courses, {one.name: ((None, CLIENTS[0]),) for one in customers}, policy, UNTIL)
    transfers = [one for one in movements if one.kind is MovementKind.TRANSFER]
    by_client = {client: [one for one in movements if one.client == client] for client in CLIENTS}
    assert_chained(movements)
    for at in instants(customers, movements):
        paid = {one.name: one.present.mrr_at(policy, at) for one in customers}
        for client, entries in by_client.items():
            own = added(paid[one.name] for one in customers if one.is_at(client, at))
            assert own_at(entries, at) == own, (client, at)
            assert_worth(entries, own, policy, at)
        assert own_at(movements, at) == added(paid.values()), at
        total = added([balance_at(movements, at)])
        assert total == added(balance_at(one, at) for one in by_client.values()) == added([balance_at(still, at)]), at
        assert own_at(transfers, at) == added([balance_at(transfers, at)]) == {}, at
