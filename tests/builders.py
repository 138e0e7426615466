"""Domain values with a default for everything, so that a test shows only what matters to it.

By default: one active subscription of one item, 10.00 USD a month, at noon on 15 January 2025 (UTC).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from libs.domain.customer import Customer
from libs.domain.discount import AmountOff, Coupon, Discount, Duration
from libs.domain.identity import CouponId, Currency, CustomerId, DiscountId, ItemId, PriceId, ProductId, SubscriptionId
from libs.domain.mrr import Terms
from libs.domain.policy import DEFAULT, Policy
from libs.domain.price import Interval, Package, PackageRound, Price, Recurring, Tier, TiersMode, UsageType
from libs.domain.subscription import Item, PauseBehavior, PauseCollection, Subscription, SubscriptionStatus

NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)
USD = Currency("usd")


def days(count: int, start: datetime = NOW) -> datetime:
    """So many days after (or, negative, before) now."""
    return start + timedelta(days=count)


def recurring(
    interval: Interval | str = Interval.MONTH, count: int = 1, usage: UsageType = UsageType.LICENSED
) -> Recurring:
    return Recurring(Interval(interval), count, usage)


def price(
    amount: int | str | None = 1000,
    interval: Interval | str | None = Interval.MONTH,
    count: int = 1,
    *,
    id: str = "price_1",  # noqa: A002
    product: str | None = "prod_1",
    currency: str = USD,
    usage: UsageType = UsageType.LICENSED,
    package: Package | None = None,
    tax_inclusive: bool = False,
) -> Price:
    """A price of `amount` minor units per unit; `interval` None makes it a one-time one."""
    return Price(
        id=PriceId(id),
        product=None if product is None else ProductId(product),
        currency=Currency(currency),
        unit_amount=None if amount is None else Decimal(amount),
        recurring=None if interval is None else recurring(interval, count, usage),
        package=package,
        tax_inclusive=tax_inclusive,
    )


def tiered_price(
    mode: TiersMode | str, *tiers: Tier, interval: Interval | str = Interval.MONTH, known: bool = True
) -> Price:
    return Price(
        id=PriceId("price_1"),
        product=ProductId("prod_1"),
        currency=USD,
        unit_amount=None,
        recurring=recurring(interval),
        tiers_mode=TiersMode(mode),
        tiers=tiers if known else None,
    )


def tier(up_to: int | None, unit: int | str, flat: int | str = 0) -> Tier:
    return Tier(up_to, Decimal(unit), Decimal(flat))


def package(size: int, rounding: PackageRound | str = PackageRound.UP) -> Package:
    return Package(size, PackageRound(rounding))


def item(
    of: Price | None = None,
    quantity: int | None = 1,
    *discounts: Discount,
    id: str = "si_1",  # noqa: A002
    inclusive_tax: tuple[str, ...] | None = None,
) -> Item:
    rates = None if inclusive_tax is None else tuple(map(Decimal, inclusive_tax))
    return Item(ItemId(id), of or price(), quantity, discounts, rates)


def coupon(
    percent: int | str | None = None,
    *amounts: AmountOff,
    id: str = "SAVE",  # noqa: A002
    duration: Duration | str = Duration.FOREVER,
    months: int | None = None,
    products: tuple[str, ...] | None = None,
) -> Coupon:
    return Coupon(
        id=CouponId(id),
        duration=Duration(duration),
        percent_off=None if percent is None else Decimal(percent),
        amounts_off=amounts,
        duration_in_months=months,
        products=None if products is None else tuple(map(ProductId, products)),
    )


def off(amount: int, currency: str = USD) -> AmountOff:
    return AmountOff(Currency(currency), amount)


def discount(
    of: Coupon | None = None,
    *,
    id: str = "di_1",  # noqa: A002
    coupon_id: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Discount:
    """A discount by a coupon; without one, only the ids are known."""
    known = of.id if of is not None else None if coupon_id is None else CouponId(coupon_id)
    return Discount(DiscountId(id), of, known, start, end)


def percent_off(percent: int | str, **of: object) -> Discount:
    return discount(coupon(percent), **of)  # type: ignore[arg-type]  # the caller names what `discount` takes


def amount_off(amount: int, currency: str = USD) -> Discount:
    return discount(coupon(None, off(amount, currency)))


def subscription(
    *items: Item,
    id: str = "sub_1",  # noqa: A002
    customer: str = "cus_1",
    status: SubscriptionStatus | str = SubscriptionStatus.ACTIVE,
    currency: str = USD,
    discounts: tuple[Discount, ...] = (),
    start_date: datetime | None = None,
    trial_end: datetime | None = None,
    period: tuple[datetime | None, datetime | None] = (None, None),
    cancel_at_period_end: bool = False,
    cancel_at: datetime | None = None,
    canceled_at: datetime | None = None,
    ended_at: datetime | None = None,
    pause: PauseCollection | None = None,
    gaps: tuple[str, ...] = (),
) -> Subscription:
    return Subscription(
        id=SubscriptionId(id),
        customer=CustomerId(customer),
        status=SubscriptionStatus(status),
        currency=Currency(currency),
        items=items or (item(),),
        discounts=discounts,
        start_date=start_date,
        trial_end=trial_end,
        current_period_start=period[0],
        current_period_end=period[1],
        cancel_at_period_end=cancel_at_period_end,
        cancel_at=cancel_at,
        canceled_at=canceled_at,
        ended_at=ended_at,
        pause_collection=pause,
        gaps=gaps,
    )


def pause(behavior: PauseBehavior | str = PauseBehavior.VOID, resumes_at: datetime | None = None) -> PauseCollection:
    return PauseCollection(PauseBehavior(behavior), resumes_at)


def customer(
    id: str = "cus_1",  # noqa: A002
    email: str | None = None,
    *,
    metadata: tuple[tuple[str, str], ...] = (),
    discount: Discount | None = None,
    deleted: bool = False,
) -> Customer:
    return Customer(CustomerId(id), email, discount, metadata, deleted=deleted)


def terms(
    policy: Policy = DEFAULT,
    now: datetime = NOW,
    *,
    customer_discount: Discount | None = None,
    past_due_since: datetime | None = None,
    customer_deleted: bool = False,
    known_discounts: tuple[Discount, ...] = (),
) -> Terms:
    known = {each.id: each for each in known_discounts}
    return Terms(now, policy, customer_discount, past_due_since, customer_deleted, known)
