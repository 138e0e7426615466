"""What invoices come to."""

from fractions import Fraction

import pytest

from libs.fake_stripe import changes
from libs.fake_stripe.amounts import exact_amount, round_half_up
from libs.fake_stripe.objects.catalog import Stamp, price, tier
from libs.fake_stripe.specs import CouponSpec, ItemSpec, PriceSpec, SubscriptionSpec, TierSpec
from tests.fake_stripe.merchant import Shop

_STEPS = (TierSpec(5, "1000"), TierSpec(10, "800", "500"), TierSpec(None, "0.5"))


def _cost(spec: PriceSpec, quantity: int) -> Fraction:
    made = price(Stamp("price_1", 0, livemode=False), spec, "prod_1", None)
    return exact_amount(made, [tier(each) for each in spec.tiers], quantity)


@pytest.mark.parametrize(
    ("spec", "quantity", "expected"),
    [
        pytest.param(PriceSpec(unit="1000"), 3, 3000, id="per unit"),
        pytest.param(PriceSpec(unit="0.125"), 3, Fraction(3, 8), id="below a cent"),
        pytest.param(PriceSpec(unit="1000", divide_by=5), 11, 3000, id="packages up"),
        pytest.param(PriceSpec(unit="1000", divide_by=5, round_="down"), 11, 2000, id="packages down"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS), 0, 0, id="graduated none"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS), 5, 5000, id="graduated first step"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS), 6, 6300, id="graduated second step with its flat fee"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS), 12, 9501, id="graduated open end"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS, tiers_mode="volume"), 5, 5000, id="volume first step"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS, tiers_mode="volume"), 6, 5300, id="volume second step"),
        pytest.param(PriceSpec(unit=None, tiers=_STEPS, tiers_mode="volume"), 12, 6, id="volume open end"),
    ],
)
def test_a_price_costs(spec: PriceSpec, quantity: int, expected: Fraction) -> None:
    assert _cost(spec, quantity) == expected


@pytest.mark.parametrize(("exact", "rounded"), [("1/2", 1), ("-1/2", -1), ("49/100", 0), ("3/2", 2), ("-7/3", -2)])
def test_halves_are_rounded_away_from_zero(exact: str, rounded: int) -> None:
    assert round_half_up(Fraction(exact)) == rounded


@pytest.mark.parametrize(
    ("coupons", "total"),
    [
        pytest.param([CouponSpec(percent_off=33.33)], 6667 + 13334, id="percent"),
        pytest.param([CouponSpec(amount_off=2500, currency="usd")], 27_500, id="amount"),
        pytest.param([CouponSpec(amount_off=99_999, currency="usd")], 0, id="never below nothing"),
        pytest.param([CouponSpec(percent_off=50.0), CouponSpec(amount_off=100, currency="usd")], 14_900, id="both"),
    ],
)
def test_discounts_reduce_the_lines(coupons: list[CouponSpec], total: int) -> None:
    shop = Shop()
    ids = tuple(shop.engine.create_coupon(spec)["id"] for spec in coupons)
    shop.subscribe(shop.price("10000"), shop.price("20000"), coupons=ids)
    bill = shop.last("invoice.finalized")["data"]["object"]
    cuts = sum(cut["amount"] for line in bill["lines"]["data"] for cut in line["discount_amounts"])
    assert bill["subtotal"] == 30_000
    assert bill["total"] == bill["subtotal"] - cuts == pytest.approx(total, abs=2)
    assert sum(cut["amount"] for cut in bill["total_discount_amounts"]) == cuts


def test_a_coupon_for_one_product_leaves_the_others_alone() -> None:
    shop = Shop()
    product = shop.engine.create_product("Seats")["id"]
    coupon = shop.engine.create_coupon(CouponSpec(percent_off=50.0, products=(product,)))["id"]
    shop.subscribe(shop.price("10000", product=product), shop.price("20000"), coupons=(coupon,))
    assert shop.last("invoice.paid")["data"]["object"]["total"] == 25_000


def test_an_item_discount_comes_before_the_subscriptions() -> None:
    shop = Shop()
    half = shop.engine.create_coupon(CouponSpec(percent_off=50.0))["id"]
    fixed = shop.engine.create_coupon(CouponSpec(amount_off=1000, currency="usd"))["id"]
    spec = SubscriptionSpec(items=(ItemSpec(shop.price("10000"), 1, (fixed,)),), coupons=(half,))
    shop.engine.create_subscription(shop.customer, spec)
    assert shop.last("invoice.paid")["data"]["object"]["total"] == 4500


def test_a_customers_discount_reduces_subscriptions_that_have_none() -> None:
    shop = Shop()
    half = shop.engine.create_coupon(CouponSpec(percent_off=50.0))["id"]
    tenth = shop.engine.create_coupon(CouponSpec(percent_off=10.0))["id"]
    shop.engine.discount_customer(shop.customer, half)
    shop.subscribe()
    assert shop.last("invoice.paid")["data"]["object"]["total"] == 500
    shop.subscribe(coupons=(tenth,))
    assert shop.last("invoice.paid")["data"]["object"]["total"] == 900


@pytest.mark.parametrize(("inclusive", "total", "net"), [(False, 1190, 1000), (True, 1000, 840)])
def test_tax_is_added_or_contained(inclusive: bool, total: int, net: int) -> None:
    shop = Shop()
    rate = shop.engine.create_tax_rate(19.0, inclusive=inclusive)["id"]
    shop.subscribe(default_tax_rates=(rate,))
    bill = shop.last("invoice.paid")["data"]["object"]
    assert (bill["total"], bill["total_excluding_tax"]) == (total, net)


def test_an_upgrade_in_mid_period_is_prorated_on_the_next_invoice() -> None:
    shop = Shop()
    made = shop.subscribe(shop.price("3100"))
    shop.pass_days(15.5)
    shop.engine.update_subscription(made["id"], changes.SwapPrice(made["items"]["data"][0]["id"], shop.price("6200")))
    shop.pass_days(16)
    lines = shop.last("invoice.paid")["data"]["object"]["lines"]["data"]
    assert sorted(line["amount"] for line in lines) == [-1550, 3100, 6200]
    prorated = [line["parent"]["subscription_item_details"]["proration"] for line in lines]
    assert prorated == [True, True, False]


def test_a_change_of_rhythm_starts_a_period_and_is_billed_at_once() -> None:
    shop = Shop()
    made = shop.subscribe(shop.price("3100"))
    shop.pass_days(15.5)
    yearly = shop.price("36000", interval="year")
    changed = shop.engine.update_subscription(made["id"], changes.SwapPrice(made["items"]["data"][0]["id"], yearly))
    assert changed["items"]["data"][0]["current_period_start"] == shop.fake.clock.now
    bill = shop.last("invoice.paid")["data"]["object"]
    assert (bill["billing_reason"], bill["total"]) == ("subscription_update", 36_000 - 1550)


def test_a_credit_goes_to_the_balance_and_is_used_up() -> None:
    shop = Shop()
    made = shop.subscribe(shop.price("31000"))
    shop.pass_days(15.5)
    item = made["items"]["data"][0]["id"]
    cheaper = changes.SwapPrice(item, shop.price("3100"))
    shop.engine.update_subscription(made["id"], cheaper, proration="always_invoice")
    assert shop.fake.objects("customer")[0]["balance"] == 1550 - 15_500
    shop.pass_days(32)
    bill = shop.last("invoice.paid")["data"]["object"]
    assert (bill["total"], bill["amount_due"], bill["ending_balance"]) == (3100, 0, 3100 + 1550 - 15_500)


def test_metered_use_is_billed_when_its_period_has_ended() -> None:
    shop = Shop()
    metered = shop.price("2", metered=True)
    made = shop.engine.create_subscription(shop.customer, SubscriptionSpec(items=(ItemSpec(metered, None),)))
    assert "quantity" not in made["items"]["data"][0]
    shop.engine.record_usage(made["items"]["data"][0]["id"], 250)
    shop.pass_days(32)
    assert shop.last("invoice.paid")["data"]["object"]["total"] == 500


def test_a_refund_shows_on_its_charge() -> None:
    shop = Shop()
    shop.subscribe()
    charge = shop.fake.objects("charge")[0]
    shop.engine.refund(charge["id"], 400)
    refunded = shop.last("charge.refunded")["data"]["object"]
    assert (refunded["amount_refunded"], refunded["refunded"]) == (400, False)
    assert shop.last("refund.created")["data"]["object"]["charge"] == charge["id"]
