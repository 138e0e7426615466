"""Prices and plans, items, tax and gaps: what an item costs as far as its record says."""

from decimal import Decimal

import pytest

from libs.domain.price import Interval, Package, PackageRound, Price, Recurring, Tier, TiersMode, UsageType
from libs.domain.subscription import Item, Subscription
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event import read_event
from tests.wire.stripe_objects import Json, coupon, discount, event, item, listed, price, recorded, subscription

PLAN: Json = {
    "id": "plan_1",
    "object": "plan",
    "amount": 900,
    "currency": "usd",
    "interval": "week",
    "interval_count": 2,
}


def read_subscription(about: Json) -> Subscription:
    (fact,) = read_event(event("customer.subscription.created", about))
    assert isinstance(fact.content, Subscription)
    return fact.content


def read_item(**changes: object) -> Item:
    return read_subscription(subscription(items=listed(item(**changes)))).items[0]


def read_price(**changes: object) -> Price:
    return read_item(price=price(**changes)).price


def test_a_price_of_fractions_of_a_cent_is_exact() -> None:
    assert read_price(unit_amount=None, unit_amount_decimal="0.000000000123").unit_amount == Decimal("0.000000000123")


def test_a_price_of_2020_has_whole_cents_only() -> None:
    assert read_price(unit_amount=700, unit_amount_decimal=None).unit_amount == 700


def test_graduated_tiers_with_flat_fees() -> None:
    tiered = read_item(price=recorded("price_tiered_endive")).price
    assert tiered.unit_amount is None
    assert tiered.tiers_mode is TiersMode.GRADUATED
    assert tiered.tiers == (Tier(10, Decimal("0.5"), Decimal(1000)), Tier(None, Decimal(40), Decimal(0)))


def test_tiers_of_a_plan_of_2018_have_amounts() -> None:
    tiered = read_item(price=None, plan=recorded("plan_tiered_2018")).price
    assert tiered.tiers == (Tier(10, Decimal(50), Decimal(1000)), Tier(None, Decimal(40), Decimal(0)))


def test_packages_are_read_from_prices_and_plans() -> None:
    package: Json = {"divide_by": 100, "round": "up"}
    assert read_price(transform_quantity=package).package == Package(100, PackageRound.UP)
    assert read_item(price=None, plan={**PLAN, "transform_usage": package}).price.package == Package(
        100, PackageRound.UP
    )


def test_a_plan_is_a_price() -> None:
    plan = read_item(price=None, plan=PLAN).price
    assert plan.recurring == Recurring(Interval.WEEK, 2, UsageType.LICENSED)
    assert plan.unit_amount == 900


def test_metered_and_one_time_prices() -> None:
    metered = {"interval": "month", "interval_count": 1, "usage_type": "metered"}
    used = read_item(price=price(recurring=metered), quantity=None)
    assert used.quantity is None
    assert used.price.recurring == Recurring(Interval.MONTH, 1, UsageType.METERED)
    assert read_price(recurring=None, type="one_time").recurring is None


def test_an_expanded_product_or_customer_is_only_an_id() -> None:
    product = {"id": "prod_9", "object": "product", "name": "Seats"}
    about = subscription(items=listed(item(price=price(product=product))), customer={"id": "cus_9", "name": "Jane Roe"})
    read = read_subscription(about)
    assert read.items[0].price.product == "prod_9"
    assert read.customer == "cus_9"


def test_a_price_of_several_currencies_counts_in_the_one_that_is_charged() -> None:
    options = {"eur": {"unit_amount": 950, "unit_amount_decimal": "950", "tax_behavior": "inclusive"}}
    about = subscription(currency="eur", items=listed(item(price=price(currency_options=options))))
    read = read_subscription(about)
    assert read.items[0].price.currency == "eur"
    assert read.items[0].price.unit_amount == 950
    assert read.items[0].price.tax_inclusive
    assert read.gaps == ()
    assert read_subscription(subscription(currency="eur")).gaps == ("currency:price_1",)


def test_amounts_off_in_several_currencies() -> None:
    off = coupon(percent_off=None, amount_off=500, currency="usd", currency_options={"eur": {"amount_off": 450}})
    read = read_subscription(subscription(discounts=[discount(source={"type": "coupon", "coupon": off})]))
    terms = read.discounts[0].coupon
    assert terms is not None
    assert [(each.currency, each.amount) for each in terms.amounts_off] == [("eur", 450), ("usd", 500)]


def test_the_products_of_a_coupon_are_kept() -> None:
    limited = coupon(applies_to={"products": ["prod_1", "prod_2"]})
    read = read_subscription(subscription(discounts=[discount(source={"type": "coupon", "coupon": limited})]))
    terms = read.discounts[0].coupon
    assert terms is not None
    assert terms.products == ("prod_1", "prod_2")


VAT: Json = {"id": "txr_1", "object": "tax_rate", "inclusive": True, "percentage": 19.0}
SALES_TAX: Json = {"id": "txr_2", "object": "tax_rate", "inclusive": False, "percentage": 8.25}


@pytest.mark.parametrize(
    ("own", "default", "known"),
    [
        ([], [], None),
        ([VAT], [], (Decimal(19),)),
        ([], [VAT], (Decimal(19),)),
        ([VAT], [SALES_TAX], (Decimal(19),)),
        ([SALES_TAX], [VAT], ()),
        ([VAT, SALES_TAX], [], (Decimal(19),)),
        (["txr_1"], [], None),
    ],
    ids=["none", "item", "subscription", "item first", "exclusive", "both", "by id"],
)
def test_inclusive_tax_comes_from_the_item_or_else_the_subscription(
    own: list[object], default: list[object], known: tuple[Decimal, ...] | None
) -> None:
    about = subscription(items=listed(item(tax_rates=own)), default_tax_rates=default)
    assert read_subscription(about).items[0].inclusive_tax == known


def test_a_period_spans_all_items() -> None:
    items = listed(item(), item(id="si_2", current_period_start=1_699_000_000, current_period_end=1_731_000_000))
    read = read_subscription(subscription(items=items))
    assert read.current_period_start is not None
    assert read.current_period_end is not None
    assert (read.current_period_start.timestamp(), read.current_period_end.timestamp()) == (
        1_699_000_000,
        1_731_000_000,
    )


TIERED = price(id="price_t", billing_scheme="tiered", tiers_mode="volume", unit_amount=None, unit_amount_decimal=None)


@pytest.mark.parametrize(
    ("about", "gaps"),
    [
        (subscription(), ()),
        (subscription(items=listed(item(), has_more=True)), ("items",)),
        (subscription(items=None), ("items",)),
        (subscription(items=listed()), ("items",)),
        (subscription(items=listed(item(price=TIERED), item(id="si_2", price=TIERED))), ("tiers:price_t",)),
        (
            subscription(items=listed(item(price=price(unit_amount=None, unit_amount_decimal=None)))),
            ("amount:price_1",),
        ),
        (subscription(discounts=["di_1"]), ("discount:di_1",)),
        (subscription(discounts=[discount()]), ("coupon:HALF",)),
        (subscription(discounts=[discount(source={"type": "coupon", "coupon": {"id": "HALF"}})]), ("coupon:HALF",)),
        (subscription(items=listed(item(discounts=["di_2"])), discounts=["di_1"]), ("discount:di_2", "discount:di_1")),
    ],
    ids=["none", "cut list", "no list", "empty list", "tiers", "amount", "discount", "coupon", "stub", "both levels"],
)
def test_what_a_record_lacks_is_named(about: Json, gaps: tuple[str, ...]) -> None:
    assert read_subscription(about).gaps == gaps


@pytest.mark.parametrize(
    ("about", "fault"),
    [
        (subscription(items=listed(item(quantity=-1))), "$.items.data[0].quantity"),
        (subscription(items=listed(item(quantity=1.5))), "$.items.data[0].quantity"),
        (subscription(items=listed(item(price=price(unit_amount=9.5)))), "$.unit_amount"),
        (subscription(items=listed(item(price=price(unit_amount="1000")))), "$.unit_amount"),
        (subscription(items=listed(item(price=price(unit_amount_decimal="NaN")))), "unit_amount_decimal is no amount"),
        (subscription(items=listed(item(price=price(unit_amount_decimal="1e999999999")))), "unit_amount_decimal is no"),
        (subscription(items=listed(item(price=price(unit_amount_decimal="1e-999999")))), "unit_amount_decimal is no"),
        (subscription(items=listed(item(price=price(recurring={"interval": "decade"})))), "$.recurring.interval"),
        (subscription(items=listed(item(price=price(recurring={"interval": "month", "interval_count": 0})))), "is 0"),
        (subscription(items=listed(item(price=price(transform_quantity={"divide_by": 0, "round": "up"})))), "is 0"),
        (subscription(items=listed(item(price=None))), "neither price nor plan"),
        (subscription(items=listed({"quantity": 1})), "$.items.data[0]"),
        (subscription(status="asleep"), "$.status"),
        (subscription(customer=None), "has no customer"),
        (subscription(id=""), "$.id"),
        (subscription(created="today"), "$.created"),
        (subscription(cancel_at=10**15), "$.cancel_at"),
        (subscription(currency=None, items=listed()), "neither currency nor items"),
        (subscription(discounts=[{"object": "discount"}]), "discount without id and coupon"),
        (subscription(pause_collection={"behavior": "sleep"}), "$.pause_collection.behavior"),
        (subscription(default_tax_rates=[{**VAT, "percentage": "Infinity"}]), "tax_rates.percentage"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_malformed_and_says_where(about: Json, fault: str) -> None:
    with pytest.raises(MalformedRecord) as raised:
        read_subscription(about)
    assert fault in str(raised.value)
    assert "evt_1 (customer.subscription.created) of customer" in str(raised.value)


def test_an_amount_beyond_64_bits_is_malformed() -> None:
    with pytest.raises(MalformedRecord, match="beyond 64 bits"):
        read_price(unit_amount=2**63)
