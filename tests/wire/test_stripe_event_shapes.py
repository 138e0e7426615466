"""The same subscription, customer, discount and invoice, as each API version since 2015 writes them down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from libs.domain.customer import Customer
from libs.domain.discount import AmountOff, AppliedDiscount, Coupon, Discount, Duration
from libs.domain.identity import (
    CouponId,
    Currency,
    CustomerId,
    DiscountId,
    InvoiceId,
    ItemId,
    PriceId,
    ProductId,
    SubscriptionId,
)
from libs.domain.invoice import Invoice, InvoiceStatus
from libs.domain.price import Interval, Price, Recurring, UsageType
from libs.domain.subscription import Cancellation, Item, Subscription, SubscriptionStatus
from libs.wire.stripe_event import Catalogue, read_snapshot
from tests.wire.stripe_objects import recorded

START = datetime(2024, 11, 15, tzinfo=UTC)
END = START + timedelta(days=30)
SEAT = Price(
    id=PriceId("price_seat"),
    product=ProductId("prod_seat"),
    currency=Currency("eur"),
    unit_amount=Decimal(1250),
    recurring=Recurring(Interval.MONTH, 3, UsageType.LICENSED),
)
COUPON = Coupon(CouponId("PARTNER20"), Duration.REPEATING, percent_off=Decimal("20.5"), duration_in_months=12)
PARTNER = Discount(
    id=DiscountId("di_partner"),
    coupon=COUPON,
    coupon_id=CouponId("PARTNER20"),
    start=START,
    end=START + timedelta(days=365),
)
NAMELESS = replace(PARTNER, id=DiscountId("coupon:PARTNER20"))
BY_COUPON_ID = replace(PARTNER, coupon=None)
BY_ID = Discount(DiscountId("di_partner"), None)
ACME = Subscription(
    id=SubscriptionId("sub_acme"),
    customer=CustomerId("cus_acme"),
    status=SubscriptionStatus.PAST_DUE,
    currency=Currency("eur"),
    items=(Item(ItemId("si_seat"), SEAT, quantity=4),),
    discounts=(PARTNER,),
    created=START,
    start_date=START,
    current_period_start=START,
    current_period_end=END,
    cancel_at_period_end=True,
    cancel_at=END,
    canceled_at=START + timedelta(days=1),
    cancellation=Cancellation("cancellation_requested", "other", "We were bought"),
)
UNTOLD = replace(ACME, cancellation=Cancellation())  # before cancellations had details
LONE_PLAN = Item(ItemId("sub_acme:plan"), replace(SEAT, product=None), quantity=4)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("subscription_2015_single_plan", replace(UNTOLD, items=(LONE_PLAN,), discounts=(NAMELESS,))),
        ("subscription_2018", replace(UNTOLD, discounts=(NAMELESS,))),
        ("subscription_2020", UNTOLD),
        ("subscription_2022", ACME),
        ("subscription_basil", ACME),
        ("subscription_clover", replace(ACME, discounts=(BY_COUPON_ID,), gaps=("coupon:PARTNER20",))),
        ("subscription_endive", replace(ACME, discounts=(BY_ID,), gaps=("discount:di_partner",))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_shape_of_a_subscription_reads_the_same(shape: str, expected: Subscription) -> None:
    (version,) = read_snapshot(recorded(shape), END)
    assert version.content == expected


@pytest.mark.parametrize("shape", ["subscription_clover", "subscription_endive"])
def test_a_catalogue_fills_what_newer_shapes_leave_out(shape: str) -> None:
    catalogue = Catalogue()
    catalogue.learn(recorded("subscription_2020"))
    (version,) = read_snapshot(recorded(shape), END, catalogue)
    assert version.content == ACME


VIP = Discount(
    id=DiscountId("di_vip"),
    coupon=Coupon(CouponId("VIP"), Duration.FOREVER, amounts_off=(AmountOff(Currency("eur"), 500),)),
    coupon_id=CouponId("VIP"),
    start=START,
)
BUYER = Customer(
    id=CustomerId("cus_acme"),
    email="billing@acme.example",
    discount=VIP,
    metadata=(("client_id", "acme"),),
    created=START - timedelta(days=1),
)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("customer_2018", replace(BUYER, discount=replace(VIP, id=DiscountId("coupon:VIP")))),
        ("customer_2020", BUYER),
        ("customer_basil", BUYER),
        ("customer_clover", BUYER),
        ("customer_endive", replace(BUYER, discount=replace(VIP, coupon=None))),
        ("customer_deleted", Customer(CustomerId("cus_acme"), deleted=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_shape_of_a_customer_reads_the_same(shape: str, expected: Customer) -> None:
    (version,) = read_snapshot(recorded(shape), END)
    assert version.content == expected


@pytest.mark.parametrize(
    ("shape", "discount"),
    [
        ("discount_2018", NAMELESS),
        ("discount_2020", PARTNER),
        ("discount_basil", PARTNER),
        ("discount_clover", BY_COUPON_ID),
        ("discount_endive", BY_COUPON_ID),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_shape_of_a_discount_reads_the_same(shape: str, discount: Discount) -> None:
    (version,) = read_snapshot(recorded(shape), END)
    assert version.content == AppliedDiscount(discount, SubscriptionId("sub_acme"))


@pytest.mark.parametrize("year", ["2018", "2020", "2022", "basil", "clover", "endive"])
def test_every_shape_of_an_invoice_reads_the_same(year: str) -> None:
    (version,) = read_snapshot(recorded(f"invoice_{year}"), END)
    assert version.content == Invoice(
        id=InvoiceId("in_acme"),
        customer=CustomerId("cus_acme"),
        status=InvoiceStatus.OPEN,
        currency=Currency("eur"),
        subscription=SubscriptionId("sub_acme"),
        amount_due=4000,
        amount_paid=1000,
        amount_remaining=3000,
        attempt_count=2,
        attempted=True,
        next_attempt_at=START + timedelta(days=3),
        created=START,
    )
