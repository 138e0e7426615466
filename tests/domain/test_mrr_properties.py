"""What holds for every subscription, whatever its prices and coupons."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from libs.domain.discount import Discount
from libs.domain.identity import ItemId
from libs.domain.mrr import evaluate
from libs.domain.policy import PRESETS, Policy
from libs.domain.price import Interval, PackageRound, Price, TiersMode
from libs.domain.subscription import Item, Subscription, SubscriptionStatus
from tests.builders import (
    amount_off,
    coupon,
    discount,
    item,
    off,
    package,
    percent_off,
    price,
    subscription,
    terms,
    tiered_price,
)
from tests.builders import tier as a_tier

amounts = st.integers(0, 10**7)
intervals = st.tuples(st.sampled_from(Interval), st.integers(1, 36))
policies = st.sampled_from(list(PRESETS.values()))


@st.composite
def prices(draw: st.DrawFn) -> Price:
    interval, count = draw(intervals)
    boxes = st.builds(package, st.integers(1, 50), st.sampled_from(PackageRound))
    return price(draw(amounts), interval, count, package=draw(st.none() | boxes), product=draw(products))


@st.composite
def tiered(draw: st.DrawFn) -> Price:
    tops = sorted(draw(st.sets(st.integers(1, 500), max_size=4)))
    ends = [*tops, None]
    tiers = [a_tier(top, draw(amounts), draw(amounts)) for top in ends]
    return tiered_price(draw(st.sampled_from(TiersMode)), *tiers, interval=draw(st.sampled_from(Interval)))


products = st.sampled_from(["prod_1", "prod_2", "prod_3"])
discounts = st.one_of(
    st.builds(percent_off, st.integers(0, 100)),
    st.builds(amount_off, amounts),
    st.builds(lambda part, only: discount(coupon(part, products=(only,))), st.integers(1, 100), products),
    st.builds(lambda part, only: discount(coupon(None, off(part), products=(only,))), amounts, products),
)


@st.composite
def items(draw: st.DrawFn) -> Item:
    of = draw(st.one_of(prices(), tiered()))
    quantity = draw(st.none() | st.integers(0, 1000))
    return item(of, quantity, *draw(st.lists(discounts, max_size=2)))


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    given_items = draw(st.lists(items(), min_size=1, max_size=4))
    numbered = [replace(each, id=ItemId(f"si_{place}")) for place, each in enumerate(given_items)]
    return subscription(
        *numbered,
        status=draw(st.sampled_from(SubscriptionStatus)),
        discounts=tuple(draw(st.lists(discounts, max_size=3))),
    )


@given(subscriptions(), policies, st.none() | discounts)
def test_items_add_up_and_nothing_is_negative(of: Subscription, policy: Policy, on_customer: Discount | None) -> None:
    answer = evaluate(of, terms(policy, customer_discount=on_customer))
    assert sum(each.amount for each in answer.items) == answer.amount
    assert all(each.amount >= 0 and each.discount >= 0 for each in answer.items)
    assert all(each.gross - each.discount == each.amount for each in answer.items if answer.counted)
    assert answer.counted or answer.amount == 0
    assert len(answer.items) == len(of.items)


@given(subscriptions())
def test_a_discount_never_raises_mrr(of: Subscription) -> None:
    without = replace(of, discounts=(), items=tuple(replace(each, discounts=()) for each in of.items))
    assert evaluate(of, terms()).amount <= evaluate(without, terms()).amount


@given(amounts, intervals, st.integers(1, 50), st.integers(1, 50))
def test_quantity_scales(amount: int, interval: tuple[Interval, int], quantity: int, factor: int) -> None:
    def of(units: int) -> Fraction:
        return evaluate(subscription(item(price(amount, *interval), units)), terms()).amount

    assert of(quantity * factor) == factor * of(quantity)


@given(amounts, st.integers(1, 10))
def test_years_are_twelve_months_and_counts_divide(amount: int, count: int) -> None:
    def of(interval: Interval, periods: int) -> Fraction:
        return evaluate(subscription(item(price(amount, interval, periods))), terms()).amount

    assert of(Interval.YEAR, count) == of(Interval.MONTH, 12 * count)
    assert of(Interval.MONTH, 1) == 12 * of(Interval.YEAR, 1)
    for interval in Interval:
        assert of(interval, 1) == count * of(interval, count)


@given(st.lists(items(), min_size=1, max_size=4))
def test_without_shared_discounts_items_do_not_touch_each_other(of: list[Item]) -> None:
    together = evaluate(subscription(*of), terms())
    assert [each.amount for each in together.items] == [evaluate(subscription(each), terms()).amount for each in of]


@given(tiered(), st.integers(0, 600))
def test_graduated_tiers_never_cost_less_for_more(of: Price, quantity: int) -> None:
    graduated = replace(of, tiers_mode=TiersMode.GRADUATED)
    fewer = evaluate(subscription(item(graduated, quantity)), terms()).amount
    assert evaluate(subscription(item(graduated, quantity + 1)), terms()).amount >= fewer


@given(st.lists(discounts, max_size=4), st.randoms())
def test_percentages_may_come_in_any_order(given_discounts: list[Discount], chance: object) -> None:
    percents = [each for each in given_discounts if each.coupon and each.coupon.percent_off is not None]
    forward = subscription(item(price(12345)), discounts=tuple(percents))
    backward = replace(forward, discounts=tuple(reversed(percents)))
    assert evaluate(forward, terms()).amount == evaluate(backward, terms()).amount
