"""Tax that prices contain: counted unless the policy takes it out and the rate is known."""

from fractions import Fraction

import pytest

from libs.domain.mrr import evaluate
from libs.domain.policy import policy_of
from libs.domain.subscription import Item
from tests.builders import amount_off, item, percent_off, price, subscription, terms

STRIP = policy_of("default", {"strip_inclusive_tax": True})
INCLUSIVE = price(11900, tax_inclusive=True)


@pytest.mark.parametrize(
    ("of", "monthly", "notes"),
    [
        (item(INCLUSIVE, inclusive_tax=("19",)), 10000, ()),
        (item(price(11900), inclusive_tax=("19",)), 10000, ()),
        (item(price(12500), inclusive_tax=("5", "20")), 10000, ()),
        (item(price(11050), inclusive_tax=("10.5",)), 10000, ()),
        (item(INCLUSIVE), 11900, ("tax_rate:si_1",)),
        (item(INCLUSIVE, inclusive_tax=()), 11900, ()),
        (item(price(11900)), 11900, ()),
    ],
    ids=[
        "rate on price",
        "rate alone",
        "two rates",
        "half a percent",
        "rate unknown",
        "known to have none",
        "exclusive",
    ],
)
def test_inclusive_tax_is_taken_out_where_its_rate_is_known(of: Item, monthly: int, notes: tuple[str, ...]) -> None:
    answer = evaluate(subscription(of), terms(STRIP))
    assert answer.amount == monthly
    assert answer.notes == notes


def test_inclusive_tax_counts_by_default() -> None:
    answer = evaluate(subscription(item(INCLUSIVE, inclusive_tax=("19",))), terms())
    assert answer.amount == 11900
    assert answer.notes == ()


def test_an_amount_off_lowers_the_price_with_its_tax() -> None:
    taxed = subscription(item(INCLUSIVE, inclusive_tax=("19",)), discounts=(amount_off(1190),))
    answer = evaluate(taxed, terms(STRIP))
    assert answer.amount == 9000
    assert answer.items[0].gross == 10000
    assert answer.items[0].discount == 1000


def test_a_percentage_and_tax_commute() -> None:
    taxed = subscription(item(INCLUSIVE, inclusive_tax=("19",)), discounts=(percent_off(25),))
    assert evaluate(taxed, terms(STRIP)).amount == Fraction(7500)


def test_why_tells_the_tax() -> None:
    answer = evaluate(subscription(item(INCLUSIVE, inclusive_tax=("19",))), terms(STRIP))
    assert answer.items[0].why[-1] == "÷ 1.19 (inclusive tax)"
