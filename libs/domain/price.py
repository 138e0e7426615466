"""What one unit costs and how often: Stripe's price, in the shape that the rules need."""

from decimal import Decimal
from enum import StrEnum

from libs.domain.identity import Currency, PriceId, ProductId
from libs.domain.value import value


class Interval(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class UsageType(StrEnum):
    LICENSED = "licensed"
    METERED = "metered"


class TiersMode(StrEnum):
    GRADUATED = "graduated"
    VOLUME = "volume"


class PackageRound(StrEnum):
    UP = "up"
    DOWN = "down"


@value(frozen=True, slots=True)
class Recurring:
    interval: Interval
    interval_count: int
    usage_type: UsageType


@value(frozen=True, slots=True)
class Tier:
    """One step of a tiered price: amounts in minor units (fractions of one allowed); `up_to` None is without end."""

    up_to: int | None
    unit_amount: Decimal
    flat_amount: Decimal


@value(frozen=True, slots=True)
class Package:
    """`transform_quantity`: the quantity is divided by `divide_by` and rounded before it is priced."""

    divide_by: int
    round: PackageRound


@value(frozen=True, slots=True)
class Price:
    """`unit_amount` is in minor units, exact. Tiered prices have none; `tiers` is None while they are unknown.

    `recurring` None means a one-time price. `tax_inclusive` says that the amount contains tax.
    """

    id: PriceId
    product: ProductId | None
    currency: Currency
    unit_amount: Decimal | None
    recurring: Recurring | None
    tiers_mode: TiersMode | None = None
    tiers: tuple[Tier, ...] | None = None
    package: Package | None = None
    tax_inclusive: bool = False
