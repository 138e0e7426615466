"""Coupons and discounts: `discount.coupon` until clover, `discount.source.coupon` since, ids where not expanded."""

from collections.abc import Iterator

import msgspec

from libs.domain.discount import AmountOff, AppliedDiscount, Coupon, Discount, Duration
from libs.domain.identity import CouponId, Currency, DiscountId, ItemId, ProductId, SubscriptionId
from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event.fingerprints import fingerprint
from libs.wire.stripe_event.narrowing import exact, id_of, instant
from libs.wire.stripe_event.shapes import CouponShape, DiscountShape

DECODER = msgspec.json.Decoder(DiscountShape)

FIELDS = frozenset(DiscountShape.__struct_fields__)


def discounts_of(
    many: tuple[str | DiscountShape, ...] | None, one: str | DiscountShape | None = None
) -> tuple[Discount, ...]:
    """The discounts in force. `one` is the older singular field; between 2023 and clover it expands one of `many`."""
    if not many:
        return () if one is None else (discount_of(one),)
    if isinstance(one, DiscountShape):
        return tuple(discount_of(one if each == one.id else each) for each in many)
    return tuple(discount_of(each) for each in many)


def discount_of(shape: str | DiscountShape) -> Discount:
    """One discount. Raises MalformedRecord if neither it nor its coupon has an id."""
    if isinstance(shape, str):
        return Discount(DiscountId(shape), None)
    coupon = shape.source.coupon if shape.source is not None else shape.coupon
    coupon_id = id_of(coupon)
    if not shape.id and coupon_id is None:
        raise MalformedRecord("discount without id and coupon")
    return Discount(
        id=DiscountId(shape.id or f"coupon:{coupon_id}"),
        coupon=coupon_of(coupon) if isinstance(coupon, CouponShape) else None,
        coupon_id=None if coupon_id is None else CouponId(coupon_id),
        start=instant(shape.start),
        end=instant(shape.end),
    )


def coupon_of(shape: CouponShape) -> Coupon | None:
    """The coupon's terms; None where the object is only a stub of it (a deleted coupon)."""
    if shape.duration is None:
        return None
    return Coupon(
        id=CouponId(shape.id),
        duration=_duration(shape),
        percent_off=None if shape.percent_off is None else exact(shape.percent_off, "coupon.percent_off"),
        amounts_off=_amounts_off(shape),
        duration_in_months=shape.duration_in_months,
        products=_products(shape),
    )


def discount_gaps(discounts: tuple[Discount, ...]) -> Iterator[str]:
    """Discounts whose terms are not known, by coupon where at least its id is."""
    for discount in discounts:
        if discount.coupon is None:
            yield f"coupon:{discount.coupon_id}" if discount.coupon_id else f"discount:{discount.id}"


def applied_discount_of(shape: DiscountShape, removed: bool) -> AppliedDiscount:
    """What a `customer.discount.*` event shows. Raises MalformedRecord."""
    subscription, item = id_of(shape.subscription), id_of(shape.subscription_item)
    return AppliedDiscount(
        discount=discount_of(shape),
        subscription=None if subscription is None else SubscriptionId(subscription),
        item=None if item is None else ItemId(item),
        removed=removed or shape.deleted,
    )


def discount_fingerprint(applied: AppliedDiscount) -> bytes:
    """Which discount sits where; never the coupon's terms, which may have been completed."""
    return fingerprint((applied.discount.id, applied.subscription, applied.item, applied.removed))


def _duration(shape: CouponShape) -> Duration:
    try:
        return Duration(shape.duration or "")
    except ValueError as error:
        raise MalformedRecord(f"coupon {shape.id}: unknown duration {shape.duration!r}") from error


def _amounts_off(shape: CouponShape) -> tuple[AmountOff, ...]:
    amounts = {code.lower(): option.amount_off for code, option in (shape.currency_options or {}).items()}
    if shape.amount_off is not None and shape.currency is not None:
        amounts[shape.currency.lower()] = shape.amount_off
    return tuple(AmountOff(Currency(code), amount) for code, amount in sorted(amounts.items()))


def _products(shape: CouponShape) -> tuple[ProductId, ...] | None:
    if shape.applies_to is None or shape.applies_to.products is None:
        return None
    return tuple(ProductId(product) for product in shape.applies_to.products)
