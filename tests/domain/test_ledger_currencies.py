"""Base currency: rates with dates, spot and locked, missing; swaps of currency; mapping that moves customers."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from libs.domain.fact import Fact
from libs.domain.identity import ClientId, Currency, CustomerId
from libs.domain.ledger import Movement, course_of, project_ledger
from libs.domain.policy import DEFAULT, FxMode, Policy, Rate
from libs.domain.subscription import SubscriptionStatus
from libs.domain.version import Rank
from tests.domain.states import after, subscription, told
from tests.domain.test_ledger_kinds import EURO, created, movements, with_status

USD, EUR = Currency("usd"), Currency("eur")


def euros(amount: int) -> Fact:
    item = replace(EURO.items[0], quantity=amount)
    return told(replace(EURO, items=(item,)), after(days=20))


def in_dollars(*rates: tuple[str, int | None], mode: FxMode = FxMode.SPOT) -> Policy:
    fx = tuple(Rate(EUR, Fraction(rate), None if day is None else date(2025, 1, day)) for rate, day in rates)
    return replace(DEFAULT, base_currency=USD, fx=fx, fx_mode=mode)


def told_of(found: tuple[Movement, ...]) -> list[tuple[str, int, str]]:
    return [(one.kind.value, one.shown, one.currency) for one in found]


GONE = told(replace(EURO, status=SubscriptionStatus.CANCELED), after(days=40))

POUNDS = Rate(Currency("gbp"), Fraction(2), date(2025, 1, 5))

BASES: dict[str, tuple[Policy, list[Fact], list[tuple[str, int, str]]]] = {
    "one rate": (in_dollars(("1.1", None)), [created(EURO)], [("new", 1100, "usd")]),
    "rates change at midnight": (
        in_dollars(("1.1", None), ("1.2", 11)),
        [created(EURO), GONE],
        [("new", 1100, "usd"), ("fx", 100, "usd"), ("churn", -1200, "usd")],
    ),
    "locked: what is added, at its rate; what goes, at what it was worth": (
        in_dollars(("1.1", None), ("1.2", 11), mode=FxMode.LOCK),
        [created(EURO), euros(3), GONE],
        [("new", 1100, "usd"), ("expansion", 2400, "usd"), ("churn", -3500, "usd")],
    ),
    "no rate: its own currency": (in_dollars(), [created(EURO)], [("new", 1000, "eur")]),
    "a rate that comes later": (
        in_dollars(("1.1", 11)),
        [created(EURO), GONE],
        [("new", 1000, "eur"), ("fx", -1000, "eur"), ("fx", 1100, "usd"), ("churn", -1100, "usd")],
    ),
    "locked, a rate that comes later": (
        in_dollars(("1.1", 11), mode=FxMode.LOCK),
        [created(EURO), GONE],
        [("new", 1000, "eur"), ("fx", -1000, "eur"), ("fx", 1100, "usd"), ("churn", -1100, "usd")],
    ),
    "a rate for another currency": (
        replace(DEFAULT, base_currency=USD, fx=(Rate(EUR, Fraction("1.1")), POUNDS)),
        [created(EURO)],
        [("new", 1100, "usd")],
    ),
    "a swap of currencies is what it adds in the base": (
        in_dollars(("1.1", None)),
        [created(subscription()), told(with_status("canceled"), after(days=5)), created(EURO, 5)],
        [("new", 1000, "usd"), ("expansion", 100, "usd")],
    ),
    "a swap at par is no rise and no fall": (
        in_dollars(("1", None)),
        [created(subscription()), told(with_status("canceled"), after(days=5)), created(EURO, 5)],
        [("new", 1000, "usd"), ("fx", 0, "usd")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "facts", "expected"), BASES.values(), ids=BASES.keys())
def test_in_a_base_currency(policy: Policy, facts: list[Fact], expected: list[tuple[str, int, str]]) -> None:
    assert told_of(movements(*facts, policy=policy)) == expected


def test_a_rate_begins_at_midnight_of_the_projects_zone() -> None:
    policy = replace(in_dollars(("1.1", None), ("1.2", 11)), timezone="America/New_York")
    assert movements(created(EURO), policy=policy)[-1].occurred_at == after(days=10, seconds=5 * 3600)


ACME, BOLT, CUS = ClientId("acme"), ClientId("bolt"), CustomerId("cus_1")
MOVED = {CUS: ((None, ACME), (after(days=5), BOLT))}


def mapped(*facts: Fact) -> list[tuple[str, str, int]]:
    policy = replace(DEFAULT, late_window_days=None)
    found = project_ledger({CUS: course_of(facts, policy, after(days=99))}, MOVED, policy, after(days=99))
    return [(one.client, one.kind.value, one.shown) for one in found]


PAUSED, BACK = told(with_status("paused"), after(days=2)), told(subscription(quantity=2), after(days=8))

MAPPINGS: dict[str, tuple[list[Fact], list[tuple[str, str, int]]]] = {
    "with what it pays": (
        [created(subscription()), BACK],
        [(ACME, "new", 1000), (ACME, "transfer", -1000), (BOLT, "transfer", 1000), (BOLT, "expansion", 1000)],
    ),
    "before it pays": ([created(subscription(), 6)], [(BOLT, "new", 1000)]),
    "with its past: a return is a reactivation": (
        [created(subscription()), PAUSED, BACK],
        [(ACME, "new", 1000), (ACME, "churn", -1000), (BOLT, "reactivation", 2000)],
    ),
    "at the second of a change: first it moves": (
        [created(subscription()), told(subscription(quantity=2), after(days=5))],
        [(ACME, "new", 1000), (ACME, "transfer", -1000), (BOLT, "transfer", 1000), (BOLT, "expansion", 1000)],
    ),
}


@pytest.mark.parametrize(("facts", "expected"), MAPPINGS.values(), ids=MAPPINGS.keys())
def test_a_customer_moves_to_another_client(facts: list[Fact], expected: list[tuple[str, str, int]]) -> None:
    assert mapped(*facts) == expected


def test_what_a_subscription_was_created_with_counts_at_once() -> None:
    assert told_of(movements(told(subscription(), after(), Rank.CREATE))) == [("new", 1000, "usd")]
