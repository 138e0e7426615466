"""Sums by currency, and in one currency."""

from datetime import date
from fractions import Fraction

import pytest

from libs.domain.identity import Currency
from libs.domain.policy import policy_of
from libs.domain.totals import Total, by_currency, in_one_currency, missing_rates

DAY = date(2025, 1, 15)
USD, EUR, JPY = Currency("usd"), Currency("eur"), Currency("jpy")
RATES = {"base_currency": "usd", "fx": {"eur": "1.10", "jpy": {"2025-01-16": "0.0067"}}}


def amounts(**minor: int) -> dict[Currency, Fraction]:
    return {Currency(code): Fraction(amount) for code, amount in minor.items()}


def test_currencies_are_summed_apart_and_listed_by_code() -> None:
    given = [Total(Fraction(1, 3), USD), Total(Fraction(5), EUR), Total(Fraction(2, 3), USD), Total(Fraction(0), JPY)]
    sums = by_currency(given)
    assert list(sums) == [EUR, JPY, USD]
    assert list(sums.values()) == [5, 0, 1]


@pytest.mark.parametrize(
    ("options", "sums", "total"),
    [
        ({}, amounts(usd=5), Total(Fraction(5), USD)),
        ({}, amounts(usd=5, eur=5), None),
        ({}, amounts(usd=5, eur=0), Total(Fraction(5), USD)),
        ({}, amounts(usd=0, eur=0), None),
        ({}, amounts(), None),
        (RATES, amounts(usd=100, eur=100), Total(Fraction(210), USD)),
        (RATES, amounts(usd=100, jpy=100), None),
        (RATES, amounts(usd=100, jpy=0), Total(Fraction(100), USD)),
        (RATES, amounts(), Total(Fraction(0), USD)),
    ],
    ids=[
        "one",
        "two",
        "one of them empty",
        "both empty",
        "none",
        "converted",
        "rate not yet",
        "no rate needed",
        "base",
    ],
)
def test_one_currency_says_it_all_or_none(
    options: dict[str, object], sums: dict[Currency, Fraction], total: Total | None
) -> None:
    assert in_one_currency(sums, policy_of("default", options), DAY) == total


def test_missing_rates_are_those_that_are_needed() -> None:
    policy = policy_of("default", RATES)
    assert missing_rates(amounts(usd=1, eur=1, jpy=1, gbp=0), policy, DAY) == (JPY,)
    assert missing_rates(amounts(jpy=1), policy_of("default", {}), DAY) == ()
