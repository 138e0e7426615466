"""Versions and subscriptions in which only what matters must be said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import TypeVar

from libs.domain.customer import Customer
from libs.domain.discount import AppliedDiscount, Coupon, Discount, Duration
from libs.domain.identity import (
    CouponId,
    Currency,
    CustomerId,
    DiscountId,
    EventId,
    ItemId,
    PriceId,
    ProductId,
    SubscriptionId,
)
from libs.domain.price import Interval, Price, Recurring, UsageType
from libs.domain.subscription import Item, Subscription, SubscriptionStatus
from libs.domain.version import Rank, Version

Content = TypeVar("Content")

T0 = datetime(2025, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=4)

MONTHLY = Price(
    PriceId("price_1"),
    ProductId("prod_1"),
    Currency("usd"),
    Decimal(1000),
    Recurring(Interval.MONTH, 1, UsageType.LICENSED),
)


def after(seconds: float = 0, *, days: float = 0) -> datetime:
    return T0 + timedelta(seconds=seconds, days=days)


def subscription(
    name: str = "sub_1", quantity: int = 1, status: str = "active", gaps: tuple[str, ...] = ()
) -> Subscription:
    """One item at 10.00 USD a month a piece, started at T0."""
    item = Item(ItemId(f"si_{name}"), MONTHLY, quantity)
    return Subscription(
        id=SubscriptionId(name),
        customer=CustomerId("cus_1"),
        status=SubscriptionStatus(status),
        currency=Currency("usd"),
        items=(item,),
        created=T0,
        start_date=T0,
        current_period_start=T0,
        current_period_end=after(days=31),
        gaps=gaps,
    )


def customer(deleted: bool = False, discount: Discount | None = None) -> Customer:
    return Customer(CustomerId("cus_1"), "owner@acme.test", discount, deleted=deleted)


def half_off(name: str = "di_1", end: datetime | None = None) -> Discount:
    coupon = Coupon(CouponId("HALF"), Duration.FOREVER, percent_off=Decimal(50))
    return Discount(DiscountId(name), coupon, coupon.id, T0, end)


def by_id(discount: Discount) -> Discount:
    """The discount as an object shows it that names only its id."""
    return replace(discount, coupon=None)


def applied(
    discount: Discount, to: str | None = None, removed: bool = False, item: str | None = None
) -> AppliedDiscount:
    return AppliedDiscount(
        discount, None if to is None else SubscriptionId(to), None if item is None else ItemId(item), removed
    )


def fingerprint(content: object) -> bytes:
    return blake2b(repr(content).encode(), digest_size=8).digest()


def told(
    content: Content,
    at: datetime = T0,
    rank: Rank = Rank.UPDATE,
    previous: object = None,
    event: str | None = "evt",
) -> Version[Content]:
    """A version as an event tells of it; `event` "evt" names the event after what it says."""
    digest = fingerprint(content)
    before = None if previous is None else fingerprint(previous)
    name = f"evt_{digest.hex()[:6]}_{int(at.timestamp())}_{rank}" if event == "evt" else event
    return Version(at, rank, content, digest, before, None if name is None else EventId(name))


def seen(content: Content, at: datetime = T0, rank: Rank = Rank.SNAPSHOT) -> Version[Content]:
    """A version as a snapshot shows it."""
    return told(content, at, rank, event=None)
