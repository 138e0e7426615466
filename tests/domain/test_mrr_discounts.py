"""Coupons: kinds, durations, levels, products, splits, expiry, and what is not known of them."""

from datetime import datetime
from fractions import Fraction

import pytest

from libs.domain.discount import Coupon, Discount
from libs.domain.mrr import evaluate
from libs.domain.policy import policy_of
from tests.builders import (
    NOW,
    amount_off,
    coupon,
    days,
    discount,
    item,
    off,
    percent_off,
    price,
    subscription,
    terms,
)

MONTHLY, YEARLY = price(10000), price(120000, "year", id="price_year", product="prod_2")


@pytest.mark.parametrize(
    ("given", "monthly"),
    [
        ((), 10000),
        ((percent_off(20),), 8000),
        ((percent_off("12.5"),), 8750),
        ((percent_off("33.33"),), 6667),
        ((percent_off(100),), 0),
        ((amount_off(1500),), 8500),
        ((amount_off(10000),), 0),
        ((amount_off(99999),), 0),
        ((percent_off(10), percent_off(10)), 8100),
        ((amount_off(1000), percent_off(10)), 8000),
        ((percent_off(10), amount_off(1000)), 8000),
        ((amount_off(1000), amount_off(500)), 8500),
        ((percent_off(50), amount_off(6000)), 0),
    ],
    ids=["none", "20%", "12.5%", "33.33%", "free", "amount", "all of it", "more than all", "10% twice compound",
         "percent goes first", "percent then amount", "two amounts", "never below 0"],
)  # fmt: skip
def test_percentages_compound_then_amounts(given: tuple[Discount, ...], monthly: int) -> None:
    assert evaluate(subscription(item(MONTHLY), discounts=given), terms()).amount == monthly


@pytest.mark.parametrize(
    ("interval", "count", "monthly"),
    [
        ("month", 1, Fraction(12000 - 1200)),
        ("month", 3, Fraction(12000 - 1200, 3)),
        ("year", 1, Fraction(12000 - 1200, 12)),
        ("year", 2, Fraction(12000 - 1200, 24)),
        ("week", 1, (12000 - 1200) * Fraction(52, 12)),
        ("day", 10, (12000 - 1200) * Fraction(365, 120)),
    ],
)
def test_an_amount_off_is_per_invoice(interval: str, count: int, monthly: Fraction) -> None:
    reduced = subscription(item(price(12000, interval, count)), discounts=(amount_off(1200),))
    assert evaluate(reduced, terms()).amount == monthly


def test_a_tenth_off_a_yearly_plan_of_120_counts_9_a_month() -> None:
    yearly = subscription(item(price(12000, "year")), discounts=(percent_off(10),))
    assert evaluate(yearly, terms()).amount == 900


def test_an_amount_off_mixed_intervals_comes_off_the_more_frequent_invoices() -> None:
    mixed = subscription(item(MONTHLY), item(YEARLY, id="si_2"), discounts=(amount_off(1000),))
    answer = evaluate(mixed, terms())
    assert answer.amount == 20000 - 1000
    assert [each.discount for each in answer.items] == [500, 500]


DURATIONS = [
    ("once", {}, False),
    ("repeating", {}, True),
    ("forever", {}, True),
    ("once", {"once": True}, True),
    ("repeating", {"repeating": False}, False),
    ("forever", {"forever": False}, False),
    ("forever", {"forever": False, "repeating": True, "once": True}, False),
]


@pytest.mark.parametrize(("duration", "subtract", "lowers"), DURATIONS, ids=str)
def test_durations_lower_mrr_as_the_policy_says(duration: str, subtract: dict[str, bool], lowers: bool) -> None:
    policy = policy_of("default", {"subtract_discounts": subtract})
    reduced = subscription(item(MONTHLY), discounts=(discount(coupon(50, duration=duration), end=days(30)),))
    assert evaluate(reduced, terms(policy)).amount == (5000 if lowers else 10000)


@pytest.mark.parametrize(
    ("preset", "forever", "repeating", "once"),
    [
        ("default", 5000, 5000, 10000),
        ("stripe", 5000, 10000, 10000),
        ("chartmogul", 5000, 5000, 10000),
        ("baremetrics", 5000, 5000, 10000),
        ("profitwell", 5000, 5000, 5000),
    ],
)
def test_presets_subtract_what_the_products_publish(preset: str, forever: int, repeating: int, once: int) -> None:
    def under(duration: str) -> Fraction:
        given = discount(coupon(50, duration=duration), end=None if duration == "forever" else days(30))
        return evaluate(subscription(item(MONTHLY), discounts=(given,)), terms(policy_of(preset, {}))).amount

    assert under("forever") == forever
    assert under("repeating") == repeating
    assert under("once") == once


@pytest.mark.parametrize(
    ("start", "end", "monthly", "change"),
    [
        (None, None, 5000, None),
        (days(-10), days(10), 5000, days(10)),
        (days(-10), NOW, 10000, None),
        (days(-10), days(-1), 10000, None),
        (days(5), days(10), 10000, days(5)),
        (NOW, None, 5000, None),
    ],
    ids=["no dates", "running", "ends now", "over", "to come", "starts now"],
)
def test_a_discount_holds_by_the_clock(
    start: datetime | None, end: datetime | None, monthly: int, change: datetime | None
) -> None:
    reduced = subscription(item(MONTHLY), discounts=(discount(coupon(50), start=start, end=end),))
    answer = evaluate(reduced, terms())
    assert answer.amount == monthly
    assert answer.next_change == change


@pytest.mark.parametrize(("months", "monthly"), [(1, 10000), (2, 5000)])
def test_a_repeating_discount_without_end_lasts_its_months(months: int, monthly: int) -> None:
    given = discount(coupon(50, duration="repeating", months=months), start=days(-31))
    assert evaluate(subscription(item(MONTHLY), discounts=(given,)), terms()).amount == monthly


def test_a_repeating_discount_on_a_yearly_plan_ends_at_its_end() -> None:
    given = discount(coupon(50, duration="repeating", months=4), start=days(-100), end=days(20))
    yearly = subscription(item(YEARLY), discounts=(given,))
    assert evaluate(yearly, terms()).amount == 5000
    assert evaluate(yearly, terms(now=days(20))).amount == 10000


def test_item_discounts_come_before_those_of_the_subscription() -> None:
    reduced = subscription(item(MONTHLY, 1, amount_off(2000)), discounts=(percent_off(50),))
    assert evaluate(reduced, terms()).amount == 4000


def test_an_item_discount_lowers_only_its_item() -> None:
    reduced = subscription(item(MONTHLY, 1, percent_off(50)), item(YEARLY, id="si_2"))
    assert [each.amount for each in evaluate(reduced, terms()).items] == [5000, 10000]


@pytest.mark.parametrize(
    ("own", "monthly"),
    [
        ((), 8000),
        ((percent_off(50),), 5000),
        ((discount(coupon(50), end=days(-1)),), 8000),
        ((discount(coupon(50, duration="once")),), 10000),
    ],
    ids=["none", "own replaces", "own is over", "own replaces though it lowers nothing"],
)
def test_a_subscriptions_discount_replaces_the_customers(own: tuple[Discount, ...], monthly: int) -> None:
    answer = evaluate(subscription(item(MONTHLY), discounts=own), terms(customer_discount=percent_off(20)))
    assert answer.amount == monthly


def test_a_customers_discount_adds_to_an_items() -> None:
    reduced = subscription(item(MONTHLY, 1, percent_off(50)))
    assert evaluate(reduced, terms(customer_discount=percent_off(20))).amount == 4000


@pytest.mark.parametrize(
    ("of", "amounts"),
    [
        (coupon(50, products=("prod_2",)), [10000, 5000]),
        (coupon(None, off(12000), products=("prod_2",)), [10000, 9000]),
        (coupon(None, off(1000), products=("prod_1",)), [9000, 10000]),
        (coupon(50, products=("prod_9",)), [10000, 10000]),
        (coupon(50, products=("prod_1", "prod_2")), [5000, 5000]),
    ],
    ids=["percent", "amount by the yearly invoice", "amount", "no item of it", "both"],
)
def test_a_coupon_for_products_lowers_only_their_items(of: Coupon, amounts: list[int]) -> None:
    reduced = subscription(item(MONTHLY), item(YEARLY, id="si_2"), discounts=(discount(of),))
    assert [each.amount for each in evaluate(reduced, terms()).items] == amounts


def test_an_amount_is_shared_out_by_what_the_items_cost() -> None:
    reduced = subscription(item(price(3000)), item(price(1000, id="price_2"), id="si_2"), discounts=(amount_off(1000),))
    assert [each.discount for each in evaluate(reduced, terms()).items] == [750, 250]


def test_items_that_do_not_count_take_no_share() -> None:
    reduced = subscription(item(MONTHLY), item(price(9000, None), id="si_2"), discounts=(amount_off(1000),))
    assert [each.discount for each in evaluate(reduced, terms()).items] == [1000, 0]


@pytest.mark.parametrize(
    ("given", "gap"),
    [
        (discount(coupon_id="SUMMER"), "coupon:SUMMER"),
        (discount(id="di_9"), "discount:di_9"),
        (amount_off(500, "eur"), "coupon_currency:SAVE"),
        (discount(coupon()), "coupon:SAVE"),
    ],
    ids=["only its coupon's id", "only its id", "another currency", "a coupon without terms"],
)
def test_a_discount_that_cannot_be_computed_is_named(given: Discount, gap: str) -> None:
    answer = evaluate(subscription(item(MONTHLY), discounts=(given,)), terms())
    assert answer.amount == 10000
    assert answer.gaps == (gap,)


def test_an_item_of_unknown_product_is_named_where_a_coupon_asks_for_one() -> None:
    reduced = subscription(item(price(product=None)), discounts=(discount(coupon(50, products=("prod_1",))),))
    answer = evaluate(reduced, terms())
    assert answer.amount == 1000
    assert answer.gaps == ("product:price_1",)


def test_discounts_known_by_id_are_completed() -> None:
    known = discount(coupon(50), end=days(5))
    answer = evaluate(subscription(item(MONTHLY), discounts=(discount(),)), terms(known_discounts=(known,)))
    assert answer.amount == 5000
    assert answer.gaps == ()
    assert answer.next_change == days(5)


def test_an_unknown_discount_that_is_over_leaves_no_gap() -> None:
    reduced = subscription(item(MONTHLY), discounts=(discount(end=days(-1)),), gaps=("discount:di_1",))
    assert evaluate(reduced, terms()).gaps == ()


@pytest.mark.parametrize(
    ("lowering", "gaps"), [(coupon(50), ("coupon:SAVE",)), (coupon(50, duration="once"), ())], ids=["used", "not used"]
)
def test_a_coupon_whose_products_nobody_has_seen_is_named_while_it_lowers(
    lowering: Coupon, gaps: tuple[str, ...]
) -> None:
    unverified = subscription(item(MONTHLY), discounts=(discount(lowering),), gaps=("coupon:SAVE",))
    assert evaluate(unverified, terms()).gaps == gaps


def test_an_amount_of_the_subscriptions_currency_is_chosen_among_several() -> None:
    both = discount(coupon(None, off(700, "eur"), off(900, "usd")))
    assert evaluate(subscription(item(MONTHLY), discounts=(both,)), terms()).amount == 9100


def test_why_names_coupon_and_amount() -> None:
    reduced = subscription(item(MONTHLY), discounts=(percent_off(20), amount_off(500)))
    assert evaluate(reduced, terms()).items[0].why[-2:] == (
        "− 20% (SAVE, forever) = − 20.00 usd a month",
        "− 5.00 usd per invoice (SAVE, forever) ÷ 1 months, this item's share = − 5.00 usd a month",
    )
