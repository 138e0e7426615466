"""Closed history in fewer movements: later movements add the same to every sum as they would have added before."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from libs.domain.metrics.cells import Entry, cells, difference
from libs.domain.metrics.condensing import condensed

START = datetime(2025, 1, 1, tzinfo=UTC)
steps = st.lists(
    st.tuples(st.sampled_from(["usd", "eur"]), st.integers(0, 5), st.integers(1, 40)), min_size=1, max_size=25
)


def history(plan: list[tuple[str, int, int]]) -> list[Entry]:
    """The movements of a client whose MRR in a currency becomes that much after so many days."""
    found: list[Entry] = []
    balance: dict[str, int] = {}
    at, has_paid = START, False
    for number, (currency, amount, days) in enumerate(plan):
        at += timedelta(days=days)
        before = balance.get(currency, 0)
        was_active, change = any(balance.values()), amount - before
        if change == 0:
            continue
        balance[currency] = amount
        kind = _kind(was_active, any(balance.values()), change, has_paid)
        has_paid = True
        found.append(Entry(f"m{number:03}", at, kind, currency, Fraction(change), Fraction(amount), kind))
    return found


def _kind(was: bool, now: bool, change: int, has_paid: bool) -> str:
    if now and not was:
        return "reactivation" if has_paid else "new"
    if was and not now:
        return "churn"
    return "expansion" if change > 0 else "contraction"


@given(steps, st.integers(0, 25))
def test_what_follows_adds_the_same(plan: list[tuple[str, int, int]], cut: int) -> None:
    entries = history(plan)
    old, new = entries[:cut], entries[cut:]
    kept = condensed(old)
    whole = difference(cells(old, "UTC"), cells(entries, "UTC"))
    assert difference(cells(kept, "UTC"), cells([*kept, *new], "UTC")) == whole


@given(steps)
def test_the_balance_and_who_came_and_left_stay(plan: list[tuple[str, int, int]]) -> None:
    entries = history(plan)
    kept = condensed(entries)
    for currency in ("usd", "eur"):
        assert sum(each.amount for each in kept if each.currency == currency) == sum(
            each.amount for each in entries if each.currency == currency
        )
    turns = {"new", "churn", "reactivation"}
    assert [each.id for each in kept if each.kind in turns] == [each.id for each in entries if each.kind in turns]
    assert condensed(kept) == kept
    assert len(kept) <= len(entries)


def test_a_year_of_changes_is_one_movement() -> None:
    entries = history([("usd", amount, 30) for amount in (1, 2, 3, 4, 5, 4)])
    assert [(each.kind, each.at, each.amount, each.after) for each in condensed(entries)] == [
        ("new", START + timedelta(days=30), Fraction(4), Fraction(4))
    ]
