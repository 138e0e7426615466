"""Sums over cells say what the ledger itself says, for any period of any history."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.domain.fact import Fact
from libs.domain.identity import ClientId
from libs.domain.ledger import Movement, MovementKind
from libs.domain.metrics import Period, cohorts, measured
from libs.domain.metrics.cells import NEVER, Cell, Cells, Entry, Measure, cells, difference, labelled
from libs.domain.policy import Policy
from tests.counts import examples
from tests.domain.account_lives import account_lives
from tests.domain.states import after
from tests.domain.test_ledger_properties import ALONE, CLIENTS, UNTIL, dearer, policies, written

ZONES = st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"))
DAYS = st.integers(-2, 45).map(lambda day: date(2025, 1, 1) + timedelta(days=day))
MOVES = st.lists(st.integers(0, 40), unique=True, max_size=4).map(sorted)


def entry(one: Movement) -> Entry:
    return Entry(one.id, one.occurred_at, one.kind, one.currency, one.amount, one.after, labelled(one.kind, one.reason))


def cells_of(movements: Iterable[Movement], timezone: str) -> Cells:
    lives: dict[ClientId, list[Entry]] = {}
    for one in movements:
        lives.setdefault(one.client, []).append(entry(one))
    found: Cells = {}
    for life in lives.values():
        found = _added(found, cells(life, timezone))
    return found


def _added(one: Cells, other: Cells) -> Cells:
    return difference({cell: (-num, -n) for cell, (num, n) in one.items()}, other)


class Reader:
    """What the queries do, in Python."""

    def __init__(self, held: Cells, period: Period) -> None:
        self.held, self.period = held, period

    def amount(self, measure: Measure, label: str = "", edges: bool = False) -> dict[str, Fraction]:
        found: dict[str, Fraction] = {}
        for cell, (num, _) in self.held.items():
            if cell.measure is measure and cell.label == label and self.counts(cell, edges):
                found[cell.currency] = found.get(cell.currency, Fraction(0)) + Fraction(num, cell.den)
        return found

    def count(self, measure: Measure, label: str = "", edges: bool = False) -> int:
        return sum(
            n
            for cell, (_, n) in self.held.items()
            if cell.measure is measure and cell.label == label and self.counts(cell, edges)
        )

    def counts(self, cell: Cell, edges: bool) -> bool:
        within = self.period.first <= cell.day <= self.period.last
        return within and (cell.edge >= self.period.first if edges else cell.edge == NEVER)

    def before(self, measure: Measure) -> int:
        return sum(n for cell, (_, n) in self.held.items() if cell.measure is measure and cell.day < self.period.first)


def assert_agrees(movements: tuple[Movement, ...], policy: Policy, period: Period) -> None:
    reader, told = Reader(cells_of(movements, policy.timezone), period), measured(movements, period, policy)
    for code, bridge in told.bridges.items():
        for kind in MovementKind:
            assert reader.amount(Measure.MOVED, kind).get(code, 0) == bridge.by(kind)
        for kind in (MovementKind.EXPANSION, MovementKind.CONTRACTION, MovementKind.CHURN):
            gone = reader.amount(Measure.KEPT, kind, edges=True).get(code, Fraction(0))
            assert reader.amount(Measure.KEPT, kind).get(code, 0) - gone == told.kept[code].by(kind)
    for label, number in (("new", told.clients.new), ("churn", told.clients.churned)):
        assert reader.count(Measure.MOVED, label) - reader.count(Measure.AGAIN, label, edges=True) == number
    assert reader.before(Measure.ACTIVE) == told.clients.at_start
    assert -reader.count(Measure.AWAY, edges=True) == told.clients.gone


@settings(max_examples=examples(200, 20_000))
@given(account_lives, policies, MOVES, ZONES, st.tuples(DAYS, DAYS).map(sorted))
def test_cells_add_up_to_what_the_ledger_says(
    facts: list[Fact], policy: Policy, moves: list[int], zone: str, days: list[date]
) -> None:
    policy = replace(policy, timezone=zone)
    later = tuple((after(days=day), CLIENTS[(number + 1) % 2]) for number, day in enumerate(moves))
    movements = written(dearer(facts), policy, (*ALONE, *later))
    assert_agrees(movements, policy, Period(days[0], days[1]))


def test_a_customer_that_comes_back_and_is_lost_within_one_instant_takes_its_client_with_it() -> None:
    def moved(day: int, kind: str, amount: int, after: int) -> Entry:
        return Entry(
            f"{day}/{kind}", datetime(2025, 1, day, tzinfo=UTC), kind, "usd", Fraction(amount), Fraction(after)
        )

    life = (
        moved(2, "new", 10, 10),
        moved(3, "transfer", -10, 0),
        moved(23, "transfer", 10, 10),
        moved(23, "churn", -10, 0),
    )
    held = cells(life, "UTC")
    assert gone(held, 3, 23) == 1
    assert gone(held, 3, 22) == gone(held, 4, 23) == 0
    assert gone(cells((*life, moved(25, "reactivation", 10, 10)), "UTC"), 3, 26) == 0


def gone(held: Cells, first: int, last: int) -> int:
    return -Reader(held, Period(date(2025, 1, first), date(2025, 1, last))).count(Measure.AWAY, edges=True)


@settings(max_examples=examples(100, 5_000))
@given(account_lives, policies, ZONES)
def test_cells_of_cohorts_too(facts: list[Fact], policy: Policy, zone: str) -> None:
    movements = written(facts, replace(policy, timezone=zone))
    held = cells_of(movements, zone)
    for told in cohorts(movements, zone, UNTIL):
        last = _months_after(told.cohort, told.month)
        mrr = sum(
            (Fraction(num, cell.den) for cell, (num, _) in _of_cohort(held, Measure.COHORT_MRR, told.cohort, last)),
            Fraction(0),
        )
        active = sum(n for _, (_, n) in _of_cohort(held, Measure.COHORT_ACTIVE, told.cohort, last))
        began = list(_of_cohort(held, Measure.COHORT_BEGAN, told.cohort, last))
        assert active == told.subscriber_retention * sum(n for _, (_, n) in began)  # type: ignore[operator]  # not empty
        assert mrr == told.revenue_retention * sum(Fraction(num, cell.den) for cell, (num, _) in began)  # type: ignore[operator]


def _of_cohort(held: Cells, measure: Measure, cohort: date, last: date) -> Iterable[tuple[Cell, tuple[int, int]]]:
    return [
        (cell, sums)
        for cell, sums in held.items()
        if cell.measure is measure and cell.edge == cohort and cell.day <= last
    ]


def _months_after(cohort: date, month: int) -> date:
    number = cohort.year * 12 + cohort.month - 1 + month
    return date(number // 12, number % 12 + 1, 1)
