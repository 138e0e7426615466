"""Stripe's price (2020 and later) and plan (before) as the one Price of the domain."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec

from libs.domain.identity import Currency, PriceId, ProductId
from libs.domain.price import Interval, Package, PackageRound, Price, Recurring, Tier, TiersMode, UsageType
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.narrowing import exact, id_of, shaped
from libs.wire.stripe_event.shapes import Amount, Id, Quantity, Reference

CACHED_PRICES = 65_536  # prices never change at Stripe, and an account has few


class TierShape(msgspec.Struct, frozen=True):
    """`amount` is the name of 2018."""

    up_to: Quantity | Literal["inf"] | None = None
    amount: Amount | None = None
    unit_amount: Amount | None = None
    unit_amount_decimal: Decimal | None = None
    flat_amount: Amount | None = None
    flat_amount_decimal: Decimal | None = None


class PackageShape(msgspec.Struct, frozen=True, gc=False):
    divide_by: Quantity
    round: PackageRound


class RecurringShape(msgspec.Struct, frozen=True, gc=False):
    interval: Interval
    interval_count: Quantity = 1
    usage_type: UsageType | None = None


class CurrencyOption(msgspec.Struct, frozen=True):
    """What a price of several currencies costs in one of the others."""

    unit_amount: Amount | None = None
    unit_amount_decimal: Decimal | None = None
    tiers: tuple[TierShape, ...] | None = None
    tax_behavior: str | None = None


class PriceShape(msgspec.Struct, frozen=True):
    """A price; or a plan, whose `amount`, `interval` and `transform_usage` stand for what prices call otherwise."""

    id: Id
    currency: str
    product: str | Reference | None = None
    unit_amount: Amount | None = None
    unit_amount_decimal: Decimal | None = None
    amount: Amount | None = None
    amount_decimal: Decimal | None = None
    recurring: RecurringShape | None = None
    interval: Interval | None = None
    interval_count: Quantity = 1
    usage_type: UsageType | None = None
    billing_scheme: str | None = None
    tiers_mode: TiersMode | None = None
    tiers: tuple[TierShape, ...] | None = None
    transform_quantity: PackageShape | None = None
    transform_usage: PackageShape | None = None
    tax_behavior: str | None = None
    currency_options: dict[str, CurrencyOption] | None = None


_decoder = msgspec.json.Decoder(PriceShape)


@dataclass(frozen=True, slots=True)
class Priced:
    """A price and what is not known of it."""

    price: Price
    gaps: tuple[str, ...]


@lru_cache(CACHED_PRICES)
def priced(data: bytes, charged_in: str | None) -> Priced:
    """The price in `data`, in the currency that the subscription is charged in where the price offers it.

    Raises MalformedRecord with the path inside the price.
    """
    price = price_of(data, charged_in)
    return Priced(price, tuple(_gaps(price, charged_in or price.currency)))


def price_of(data: bytes, charged_in: str | None) -> Price:
    """The price itself; see `priced`."""
    shape = shaped(_decoder, data)
    offered = (shape.currency_options or {}).get(charged_in) if charged_in else None
    terms = shape if offered is None or charged_in == shape.currency else offered
    recurring = _recurring(shape)
    package = shape.transform_quantity or shape.transform_usage
    if package is not None and package.divide_by == 0:
        raise MalformedRecord(f"{shape.id}: transform_quantity.divide_by is 0")
    return Price(
        id=PriceId(shape.id),
        product=_product(shape),
        currency=Currency((shape.currency if terms is shape else charged_in or shape.currency).lower()),
        unit_amount=_unit_amount(terms, shape),
        recurring=recurring,
        tiers_mode=shape.tiers_mode,
        tiers=None if terms.tiers is None else tuple(_tier(tier) for tier in terms.tiers),
        package=None if package is None else Package(package.divide_by, package.round),
        tax_inclusive=(terms.tax_behavior or shape.tax_behavior) == "inclusive",
    )


def _gaps(price: Price, charged_in: str) -> Iterator[str]:
    """Its tiers, its amount, or its amount in the currency that is charged."""
    if price.tiers_mode is not None:
        if price.tiers is None:
            yield f"tiers:{price.id}"
    elif price.unit_amount is None:
        yield f"amount:{price.id}"
    if price.currency != charged_in:
        yield f"currency:{price.id}"


def _product(shape: PriceShape) -> ProductId | None:
    product = id_of(shape.product)
    return None if product is None else ProductId(product)


def _recurring(shape: PriceShape) -> Recurring | None:
    given = shape.recurring
    if given is None:
        if shape.interval is None:
            return None
        given = RecurringShape(shape.interval, shape.interval_count, shape.usage_type)
    if given.interval_count == 0:
        raise MalformedRecord(f"{shape.id}: interval_count is 0")
    return Recurring(given.interval, given.interval_count, given.usage_type or UsageType.LICENSED)


def _unit_amount(terms: PriceShape | CurrencyOption, shape: PriceShape) -> Decimal | None:
    if shape.tiers_mode is not None or shape.billing_scheme == "tiered":
        return None
    if isinstance(terms, PriceShape):
        return _precise(
            (terms.unit_amount_decimal, terms.amount_decimal), (terms.unit_amount, terms.amount), "unit_amount_decimal"
        )
    return _precise((terms.unit_amount_decimal,), (terms.unit_amount,), "unit_amount_decimal")


def _tier(shape: TierShape) -> Tier:
    unit = _precise((shape.unit_amount_decimal,), (shape.unit_amount, shape.amount), "tiers.unit_amount_decimal")
    flat = _precise((shape.flat_amount_decimal,), (shape.flat_amount,), "tiers.flat_amount_decimal")
    up_to = None if shape.up_to == "inf" else shape.up_to
    return Tier(up_to, unit or Decimal(0), flat or Decimal(0))


def _precise(decimals: tuple[Decimal | None, ...], wholes: tuple[int | None, ...], path: str) -> Decimal | None:
    """The decimal where one is given (it also holds fractions of a cent), else the whole number."""
    for value in decimals:
        if value is not None:
            return exact(value, path)
    return next((Decimal(whole) for whole in wholes if whole is not None), None)
