"""What items cost a month: intervals, quantities, tiers, packages, metered and one-time prices."""

from fractions import Fraction

import pytest

from libs.domain.mrr import Rule, evaluate
from libs.domain.policy import policy_of
from libs.domain.price import PackageRound, Price, TiersMode, UsageType
from tests.builders import item, package, price, subscription, terms, tier, tiered_price


@pytest.mark.parametrize(
    ("interval", "count", "monthly"),
    [
        ("month", 1, Fraction(12000)),
        ("month", 2, Fraction(6000)),
        ("month", 3, Fraction(4000)),
        ("month", 6, Fraction(2000)),
        ("month", 7, Fraction(12000, 7)),
        ("year", 1, Fraction(1000)),
        ("year", 2, Fraction(500)),
        ("year", 3, Fraction(1000, 3)),
        ("week", 1, Fraction(52000)),
        ("week", 2, Fraction(26000)),
        ("week", 4, Fraction(13000)),
        ("day", 1, Fraction(365000)),
        ("day", 7, Fraction(365000, 7)),
        ("day", 30, Fraction(365000, 30)),
    ],
)
def test_an_interval_is_made_monthly(interval: str, count: int, monthly: Fraction) -> None:
    assert evaluate(subscription(item(price(12000, interval, count))), terms()).amount == monthly


@pytest.mark.parametrize(
    ("options", "interval", "count", "monthly"),
    [
        ({"day_factor": 30}, "day", 1, Fraction(30000)),
        ({"day_factor": "30.44"}, "day", 2, Fraction(15220)),
        ({"week_factor": "4.3333"}, "week", 1, Fraction(43333, 10)),
        ({"week_factor": 4}, "week", 2, Fraction(2000)),
        ({"week_factor": 4, "day_factor": 30}, "month", 1, Fraction(1000)),
        ({"week_factor": 4, "day_factor": 30}, "year", 1, Fraction(1000, 12)),
    ],
    ids=str,
)
def test_factors_are_the_policys(options: dict[str, object], interval: str, count: int, monthly: Fraction) -> None:
    policy = policy_of("default", options)
    assert evaluate(subscription(item(price(1000, interval, count))), terms(policy)).amount == monthly


def test_seven_days_and_a_week_differ_by_less_than_a_third_of_a_percent() -> None:
    daily = evaluate(subscription(item(price(1000, "day", 7))), terms()).amount
    weekly = evaluate(subscription(item(price(1000, "week"))), terms()).amount
    assert abs(daily - weekly) / weekly < Fraction(3, 1000)


@pytest.mark.parametrize(
    ("quantity", "monthly"), [(None, 1000), (0, 0), (1, 1000), (3, 3000), (10**12, 10**15)], ids=str
)
def test_quantity_multiplies_and_none_is_one(quantity: int | None, monthly: int) -> None:
    assert evaluate(subscription(item(price(1000), quantity)), terms()).amount == monthly


@pytest.mark.parametrize(
    ("amount", "quantity", "monthly"),
    [
        ("0.5", 3, Fraction(3, 2)),
        ("0.000000000001", 10**12, Fraction(1)),
        ("1.1", 3, Fraction(33, 10)),
        ("0.1", 3, Fraction(3, 10)),
    ],
)
def test_fractions_of_a_cent_are_exact(amount: str, quantity: int, monthly: Fraction) -> None:
    assert evaluate(subscription(item(price(amount), quantity)), terms()).amount == monthly


def test_each_item_is_normalised_by_its_own_interval() -> None:
    mixed = subscription(
        item(price(1000), 2),
        item(price(12000, "year", id="price_2"), id="si_2"),
        item(price(600, "month", 3, id="price_3"), id="si_3"),
    )
    answer = evaluate(mixed, terms())
    assert [each.amount for each in answer.items] == [2000, 1000, 200]
    assert answer.amount == 3200


FONTS = (tier(5, 700), tier(10, 650), tier(None, 600))
WITH_FLAT = (tier(5, 700, 1000), tier(10, 650, 2000), tier(None, 600, 3000))
ONLY_FLAT = (tier(5, 0, 1000), tier(None, 0, 5000))


@pytest.mark.parametrize(
    ("mode", "tiers", "quantity", "monthly"),
    [
        ("graduated", FONTS, 0, 0),
        ("graduated", FONTS, 1, 700),
        ("graduated", FONTS, 5, 3500),
        ("graduated", FONTS, 6, 4150),
        ("graduated", FONTS, 20, 3500 + 3250 + 6000),
        ("graduated", FONTS, 25, 3500 + 3250 + 9000),
        ("volume", FONTS, 0, 0),
        ("volume", FONTS, 1, 700),
        ("volume", FONTS, 5, 3500),
        ("volume", FONTS, 6, 3900),
        ("volume", FONTS, 20, 12000),
        ("volume", FONTS, 25, 15000),
        ("graduated", WITH_FLAT, 0, 1000),
        ("graduated", WITH_FLAT, 5, 1000 + 3500),
        ("graduated", WITH_FLAT, 6, 1000 + 3500 + 2000 + 650),
        ("graduated", WITH_FLAT, 11, 1000 + 3500 + 2000 + 3250 + 3000 + 600),
        ("volume", WITH_FLAT, 0, 1000),
        ("volume", WITH_FLAT, 5, 4500),
        ("volume", WITH_FLAT, 6, 2000 + 3900),
        ("volume", WITH_FLAT, 11, 3000 + 6600),
        ("graduated", ONLY_FLAT, 6, 6000),
        ("volume", ONLY_FLAT, 6, 5000),
        ("graduated", (tier(None, "0.5"),), 3, Fraction(3, 2)),
    ],
    ids=str,
)
def test_tiers(mode: str, tiers: tuple[object, ...], quantity: int, monthly: Fraction) -> None:
    priced = tiered_price(mode, *tiers)  # type: ignore[arg-type]  # ids=str wants plain tuples
    assert evaluate(subscription(item(priced, quantity)), terms()).amount == monthly


def test_tiers_of_a_yearly_price_count_one_twelfth() -> None:
    priced = tiered_price(TiersMode.GRADUATED, *FONTS, interval="year")
    assert evaluate(subscription(item(priced, 6)), terms()).amount == Fraction(4150, 12)


@pytest.mark.parametrize(
    ("rounding", "quantity", "monthly"),
    [("up", 0, 0), ("up", 1, 1000), ("up", 10, 1000), ("up", 11, 2000), ("down", 9, 0), ("down", 10, 1000),
     ("down", 19, 1000), ("down", 20, 2000)],
)  # fmt: skip
def test_packages_are_rounded_as_the_price_says(rounding: str, quantity: int, monthly: int) -> None:
    priced = price(1000, package=package(10, PackageRound(rounding)))
    assert evaluate(subscription(item(priced, quantity)), terms()).amount == monthly


METERED = price(500, usage=UsageType.METERED)


def test_metered_items_are_left_out_by_default() -> None:
    answer = evaluate(subscription(item(), item(METERED, None, id="si_2")), terms())
    assert answer.amount == 1000
    assert answer.gaps == ()
    assert answer.items[1].rule is Rule.METERED


def test_metered_items_whose_tiers_are_unknown_leave_no_gap_while_left_out() -> None:
    unknown = subscription(item(METERED, None), gaps=("tiers:price_1",))
    assert evaluate(unknown, terms()).gaps == ()


@pytest.mark.parametrize(
    ("quantity", "monthly", "gaps"), [(None, 0, ("usage:price_1",)), (3, 1500, ())], ids=["unknown", "known"]
)
def test_metered_items_count_what_is_known_of_them_where_included(
    quantity: int | None, monthly: int, gaps: tuple[str, ...]
) -> None:
    answer = evaluate(subscription(item(METERED, quantity)), terms(policy_of("profitwell", {})))
    assert answer.amount == monthly
    assert answer.gaps == gaps


def test_one_time_prices_are_left_out() -> None:
    answer = evaluate(subscription(item(), item(price(9900, None, id="setup"), id="si_2")), terms())
    assert answer.amount == 1000
    assert (answer.items[1].rule, answer.items[1].interval) == (Rule.ONE_TIME, None)


@pytest.mark.parametrize(
    ("unknown", "gap"),
    [
        (tiered_price("graduated", known=False), "tiers:price_1"),
        (tiered_price("volume", known=False), "tiers:price_1"),
        (tiered_price("volume", tier(2, 100)), "tiers:price_1"),
        (price(None), "amount:price_1"),
        (price(1000, currency="eur"), "currency:price_1"),
    ],
    ids=["graduated tiers", "volume tiers", "quantity beyond the tiers", "amount", "currency"],
)
def test_what_cannot_be_computed_is_named_and_the_rest_still_counts(unknown: Price, gap: str) -> None:
    answer = evaluate(subscription(item(unknown, 3), item(price(700, id="price_2"), id="si_2")), terms())
    assert answer.amount == 700
    assert answer.gaps == (gap,)
    assert answer.counted
    assert answer.items[0].rule is Rule.UNKNOWN_PRICE
    assert "not computed" in answer.items[0].why[0]


def test_items_that_the_record_lacks_are_carried_as_a_gap() -> None:
    assert evaluate(subscription(gaps=("items", "tiers:price_9")), terms()).gaps == ("items",)


def test_a_gap_is_told_once() -> None:
    unknown = tiered_price("volume", known=False)
    assert evaluate(subscription(item(unknown), item(unknown, id="si_2")), terms()).gaps == ("tiers:price_1",)


def test_a_free_subscription_counts_with_nothing() -> None:
    answer = evaluate(subscription(item(price(0))), terms())
    assert answer.amount == 0
    assert answer.counted
    assert answer.gaps == ()


def test_why_tells_the_way_from_the_price() -> None:
    answer = evaluate(subscription(item(price(12000, "year"), 3)), terms())
    assert answer.items[0].why == ("3 × 120.00 = 360.00 usd", "÷ 12 months = 30.00 usd a month")
