"""Minor units as Stripe has them, rounding, and the text of amounts."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.domain.money import (
    MINOR_DIGITS,
    converted,
    is_currency,
    major_text,
    minor_digits,
    round_half_up,
    shown,
    unit_text,
)

ZERO = ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
THREE = ["bhd", "jod", "kwd", "omr", "tnd"]
SPECIAL = ["isk", "ugx", "huf", "twd"]
ORDINARY = ["usd", "eur", "gbp", "aud", "cad", "chf", "sek", "dkk", "nok", "pln", "czk", "brl", "mxn", "inr", "cny"]


@pytest.mark.parametrize(
    ("currency", "digits"),
    [(c, 0) for c in ZERO] + [(c, 3) for c in THREE] + [(c, 2) for c in SPECIAL + ORDINARY],
)
def test_minor_digits_are_those_of_stripes_api(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    assert is_currency(currency)


def test_no_currency_has_other_digits_than_0_2_or_3() -> None:
    assert {code for code, digits in MINOR_DIGITS.items() if digits == 0} == set(ZERO)
    assert {code for code, digits in MINOR_DIGITS.items() if digits == 3} == set(THREE)
    assert set(MINOR_DIGITS.values()) == {0, 2, 3}


@pytest.mark.parametrize("word", ["", "us", "USD", "usdollar", "xyz", "bitcoin"])
def test_what_is_no_currency_is_not_taken_for_one(word: str) -> None:
    assert not is_currency(word)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        (Fraction(0), 0),
        (Fraction(1, 2), 1),
        (Fraction(49, 100), 0),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(-1, 2), 0),
        (Fraction(-3, 2), -1),
        (Fraction(-8, 5), -2),
        (Fraction(10**30 * 2 + 1, 2), 10**30 + 1),
    ],
    ids=str,
)
def test_a_half_goes_up(amount: Fraction, rounded: int) -> None:
    assert round_half_up(amount) == rounded


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (12345, "usd", "123.45"),
        (5, "usd", "0.05"),
        (0, "usd", "0.00"),
        (-5, "usd", "-0.05"),
        (-12345, "eur", "-123.45"),
        (12345, "jpy", "12345"),
        (-7, "krw", "-7"),
        (12345, "kwd", "12.345"),
        (500, "isk", "5.00"),
        (500, "ugx", "5.00"),
        (10**18, "usd", "10000000000000000.00"),
    ],
)
def test_major_units_carry_the_currencys_digits(minor: int, currency: str, text: str) -> None:
    assert major_text(minor, currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Fraction(1000, 12), "usd", "0.83"),
        (Fraction(12000, 12), "usd", "10.00"),
        (Fraction(1, 2), "jpy", "1"),
        (Fraction(2001, 2), "bhd", "1.001"),
    ],
)
def test_shown_rounds_once(amount: Fraction, currency: str, text: str) -> None:
    assert shown(amount, currency) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        ("1250", "usd", "12.50"),
        ("0.05", "usd", "0.0005"),
        ("1000", "usd", "10.00"),
        ("0", "usd", "0.00"),
        ("0.000000000001", "usd", "0.00000000000001"),
        ("15", "jpy", "15"),
    ],
)
def test_a_price_is_written_with_all_its_digits(minor: str, currency: str, text: str) -> None:
    assert unit_text(Decimal(minor), currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "base", "rate", "result"),
    [
        (1000, "eur", "usd", "1.10", Fraction(1100)),
        (1000, "jpy", "usd", "0.0067", Fraction(670)),
        (1000, "usd", "jpy", "150", Fraction(1500)),
        (1000, "kwd", "usd", "3.25", Fraction(325)),
        (1, "eur", "usd", "1/3", Fraction(1, 3)),
    ],
)
def test_conversion_is_exact_and_minds_the_digits(
    amount: int, currency: str, base: str, rate: str, result: Fraction
) -> None:
    assert converted(Fraction(amount), currency, base, Fraction(rate)) == result


@given(st.fractions(), st.sampled_from(sorted(MINOR_DIGITS)))
def test_shown_is_within_half_a_minor_unit(amount: Fraction, currency: str) -> None:
    written = Fraction(shown(amount, currency)) * 10 ** minor_digits(currency)
    assert -Fraction(1, 2) <= written - amount <= Fraction(1, 2)
