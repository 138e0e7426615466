"""Each metric by its formula, with worked examples (those that products publish among them)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Reason
from libs.domain.metrics import (
    Books,
    Figure,
    Money,
    Period,
    Present,
    Ratio,
    bridge,
    cohorts,
    figures,
    rate_text,
    ratio,
    rounded,
    span_of,
    trailing,
)
from libs.domain.policy import DEFAULT, ChurnFormula, Policy, SubscriberChurnFormula

USD, EUR = Currency("usd"), Currency("eur")
FEBRUARY = Period(date(2025, 2, 1), date(2025, 2, 28))
CHARTMOGUL = replace(DEFAULT, subscriber_churn_formula=SubscriberChurnFormula.CHARTMOGUL_STANDARD)
DAILY = replace(DEFAULT, churn_formula=ChurnFormula.DAILY_SUM)


def on(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


class Account:
    """A ledger as it is told: each client's new MRR, kind and chain follow."""

    def __init__(self) -> None:
        self.movements: list[Movement] = []
        self.balance: dict[tuple[str, str], int] = {}
        self.known: set[str] = set()

    def sets(self, client: str, amount: int, at: datetime, currency: str = USD, reason: str = "other") -> "Account":
        before = self.balance.get((client, currency), 0)
        self.movements.append(
            Movement(
                id=f"{client}/{len(self.movements)}",
                client=ClientId(client),
                kind=self._kind(client, before, amount),
                currency=Currency(currency),
                before=Fraction(before),
                after=Fraction(amount),
                occurred_at=at,
                reason=Reason(reason),
            )
        )
        self.balance[client, currency] = amount
        self.known.add(client)
        return self

    def _kind(self, client: str, before: int, amount: int) -> MovementKind:
        if before == 0:
            return MovementKind.REACTIVATION if client in self.known else MovementKind.NEW
        if amount == 0:
            return MovementKind.CHURN
        return MovementKind.EXPANSION if amount > before else MovementKind.CONTRACTION

    def told(self, policy: Policy = DEFAULT, period: Period = FEBRUARY) -> dict[str, Figure]:
        self.movements.sort(key=lambda movement: movement.occurred_at)
        sums: dict[Currency, Fraction] = {}
        for (_, currency), amount in self.balance.items():
            sums[Currency(currency)] = sums.get(Currency(currency), Fraction(0)) + amount
        paying = len({client for (client, _), amount in self.balance.items() if amount})
        present = Present(sums, paying, paying, len(self.known))
        return figures(Books(tuple(self.movements), (), present, policy, on(2, 28, 23)), period)


def rate(figure: Figure) -> str | None:
    assert isinstance(figure, Ratio)
    return rate_text(figure.value)


def usd(figure: Figure) -> Fraction | None:
    assert isinstance(figure, Money)
    return None if figure.undefined else figure.by_currency.get(USD, Fraction(0))


def example() -> Account:
    """January: a 100, b 200, c 50, d 40 (left in January). February: a to 150, b to 120, c leaves, e joins at 30,
    d returns at 40, f joins at 10 and leaves."""
    account = Account()
    for client, amount in (("a", 10_000), ("b", 20_000), ("c", 5_000), ("d", 4_000)):
        account.sets(client, amount, on(1, 5))
    account.sets("d", 0, on(1, 20)).sets("a", 15_000, on(2, 3)).sets("b", 12_000, on(2, 4))
    account.sets("c", 0, on(2, 5), reason="payment_failure").sets("e", 3_000, on(2, 10)).sets("d", 4_000, on(2, 12))
    return account.sets("f", 1_000, on(2, 13)).sets("f", 0, on(2, 20), reason="cancellation")


AMOUNTS = {
    "start": 35_000,
    "new": 4_000,
    "expansion": 5_000,
    "contraction": -8_000,
    "churn": -6_000,
    "reactivation": 4_000,
    "fx": 0,
    "end": 34_000,
    "net": -1_000,
    "mrr": 34_000,
    "arr": 408_000,
    "arpa": 8_500,
    "churned_revenue": 14_000,
    "voluntary_churn_mrr": 1_000,
    "involuntary_churn_mrr": 5_000,
    "scheduled_churn": 0,
    "revenue": 0,
}
RATES = {
    "growth_rate": "-0.028571",  # -10 / 350
    "subscriber_churn_rate": "0.400000",  # c and f left; a, b and c were there, e and f were new
    "gross_mrr_churn_rate": "0.400000",  # 140 / 350
    "net_mrr_churn_rate": "0.142857",  # (140 - 50 - 40) / 350
    "net_revenue_retention": "0.771429",  # of a, b and c: (350 + 50 - 80 - 50) / 350
    "gross_revenue_retention": "0.628571",  # of a, b and c: (350 - 80 - 50) / 350
    "quick_ratio": "0.642857",  # (40 + 50) / (80 + 60)
}


@pytest.mark.parametrize(("name", "amount"), AMOUNTS.items(), ids=AMOUNTS.keys())
def test_amounts_of_the_example(name: str, amount: int) -> None:
    assert usd(example().told()[name]) == amount


@pytest.mark.parametrize(("name", "text"), RATES.items(), ids=RATES.keys())
def test_rates_of_the_example(name: str, text: str) -> None:
    assert rate(example().told()[name]) == text


def test_chartmogul_leaves_out_who_joined_and_left_and_who_came_back() -> None:
    account = example().sets("b", 0, on(2, 22)).sets("b", 1_000, on(2, 23))
    assert rate(account.told(CHARTMOGUL)["subscriber_churn_rate"]) == "0.333333"


def test_the_sum_of_daily_rates() -> None:
    account = Account().sets("a", 100, on(1, 5)).sets("b", 100, on(1, 5)).sets("b", 0, on(2, 3)).sets("a", 50, on(2, 9))
    told = account.told(DAILY)
    assert rate(told["gross_mrr_churn_rate"]) == "1.000000"  # 100 of 200, then 50 of 100
    assert rate(account.told()["gross_mrr_churn_rate"]) == "0.750000"


def test_life_time_value_is_divided_exactly() -> None:
    """The published 5,555 divides by a churn that was rounded to 9 %."""
    account = Account()
    for number in range(11):
        account.sets(f"c{number}", 50_000, on(1, 5))
    told = account.sets("c0", 0, on(2, 5)).told()
    assert rate(told["subscriber_churn_rate"]) == "0.090909"
    assert usd(told["arpa"]) == 50_000
    assert usd(told["ltv"]) == 550_000


def test_a_cohort_in_which_five_of_a_hundred_rise_from_10_to_25() -> None:
    """The published example has +125 and 102.5 %; five times 15 is 75."""
    account = Account()
    for number in range(100):
        account.sets(f"c{number}", 1_000, on(1, 5))
    for number in range(5):
        account.sets(f"c{number}", 2_500, on(2, 5))
    for number in range(10, 20):
        account.sets(f"c{number}", 0, on(2, 6))
    assert usd(account.told()["expansion"]) == 7_500
    months = cohorts(account.movements, "UTC", on(2, 28))
    assert [(one.cohort, one.month, rate_text(one.subscriber_retention), rate_text(one.revenue_retention))
            for one in months] == [
        (date(2025, 1, 1), 0, "1.000000", "1.000000"),
        (date(2025, 1, 1), 1, "0.900000", "0.975000"),
    ]  # fmt: skip


def test_a_cohort_is_kept_after_a_return_and_begins_with_its_first_month() -> None:
    account = (
        Account().sets("a", 100, on(1, 5)).sets("a", 0, on(2, 5)).sets("b", 100, on(2, 6)).sets("a", 300, on(3, 5))
    )
    told = cohorts(account.movements, "UTC", on(3, 9))
    assert [(one.cohort.month, one.month) for one in told] == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1)]
    assert [one.revenue_retention for one in told] == [1, 0, 3, 1, 1]


def test_a_cohort_belongs_to_the_month_of_the_projects_zone() -> None:
    account = Account().sets("a", 100, datetime(2025, 1, 31, 23, 30, tzinfo=UTC))
    assert cohorts(account.movements, "Europe/Berlin", on(2, 1))[0].cohort == date(2025, 2, 1)


UNDEFINED = ("growth_rate", "gross_mrr_churn_rate", "net_mrr_churn_rate", "net_revenue_retention",
             "gross_revenue_retention", "quick_ratio", "subscriber_churn_rate", "trial_conversion_rate")  # fmt: skip


@pytest.mark.parametrize("policy", [DEFAULT, CHARTMOGUL, DAILY], ids=["default", "chartmogul", "daily"])
@pytest.mark.parametrize("name", UNDEFINED)
def test_nothing_divided_by_nothing_is_undefined(name: str, policy: Policy) -> None:
    assert rate(Account().told(policy)[name]) is None


@pytest.mark.parametrize("name", ["arpa", "ltv", "revenue_at_risk"])
def test_amounts_that_are_not_known_are_undefined(name: str) -> None:
    assert usd(Account().told()[name]) is None


def test_no_churn_has_no_life_time_value() -> None:
    assert usd(Account().sets("a", 100, on(1, 5)).told()["ltv"]) is None


def test_several_currencies_have_amounts_side_by_side_and_no_rates_of_revenue() -> None:
    told = Account().sets("a", 100, on(1, 5)).sets("a", 100, on(1, 6), EUR).sets("a", 0, on(2, 5), EUR).told()
    assert told["start"] == Money({EUR: Fraction(100), USD: Fraction(100)})
    assert rate(told["gross_mrr_churn_rate"]) is None
    assert told["active_subscribers"] == 1


def test_a_client_with_one_of_two_currencies_left_is_still_there() -> None:
    account = Account().sets("a", 100, on(1, 5)).sets("a", 100, on(1, 6), EUR).sets("b", 100, on(1, 7))
    account.sets("b", 0, on(2, 7))
    assert rate(account.told()["subscriber_churn_rate"]) == "0.500000"


def test_mrr_at_risk_is_that_of_clients_with_a_signal() -> None:
    account = example()
    account.told()
    books = Books(
        tuple(account.movements), (), Present({}, 0, 0, 0), DEFAULT, on(2, 28), at_risk=frozenset({ClientId("a")})
    )
    assert usd(figures(books, FEBRUARY)["revenue_at_risk"]) == 15_000


def thirds(count: int) -> Sequence[Movement]:
    account = Account()
    for number in range(count):
        account.sets(f"c{number}", 1, on(2, 5 + number))
    return [replace(one, after=Fraction(100, 3)) for one in account.movements]


def test_a_bridge_is_rounded_such_that_it_adds_up() -> None:
    start = replace(thirds(1)[0], occurred_at=on(1, 5))
    grown = replace(start, occurred_at=on(2, 6), before=start.after, after=2 * start.after, kind=MovementKind.EXPANSION)
    of = bridge([start, *thirds(2), grown], span_of(FEBRUARY, "UTC"))
    shown = rounded(of)
    assert (shown["start"], shown["new"], shown["expansion"], shown["end"]) == (33, 67, 33, 133)
    assert shown["net"] == 100


@pytest.mark.parametrize(
    ("timezone", "begin", "hours"),
    [
        ("UTC", datetime(2025, 3, 30, tzinfo=UTC), 24),
        ("Europe/Berlin", datetime(2025, 3, 29, 23, tzinfo=UTC), 23),
        ("America/New_York", datetime(2025, 3, 30, 4, tzinfo=UTC), 24),
    ],
)
def test_a_day_is_the_projects(timezone: str, begin: datetime, hours: int) -> None:
    span = span_of(Period(date(2025, 3, 30), date(2025, 3, 30)), timezone)
    assert (span.begin, (span.end - span.begin).total_seconds()) == (begin, hours * 3600)
    assert span.holds(begin)
    assert not span.holds(span.end)
    assert not span.holds(None)


def test_the_trailing_30_days_end_with_today() -> None:
    period = trailing(date(2025, 1, 30))
    assert (period.first, len(list(period.days()))) == (date(2025, 1, 1), 30)


@pytest.mark.parametrize("period", [Period(date.min, date.max)], ids=["all of time"])
@pytest.mark.parametrize("timezone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_all_of_time_is_a_period(period: Period, timezone: str) -> None:
    assert span_of(period, timezone).holds(on(1, 1))


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 11, "0.090909"), (1, 0, None), (0, 5, "0.000000"), (-1, 3, "-0.333333"), (5, 2, "2.500000"),
     (1, 2_000_000, "0.000001"), (2, 3, "0.666667")],
)  # fmt: skip
def test_rates_are_written_with_six_places(part: int, whole: int, text: str | None) -> None:
    assert rate_text(ratio(part, whole)) == text
