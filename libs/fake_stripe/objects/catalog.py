"""Products, prices, plans, coupons and tax rates."""

from dataclasses import dataclass
from decimal import Decimal

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.specs import CouponSpec, PriceSpec, TierSpec


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every object carries: its id, its birth and the mode."""

    id: str
    created: int
    livemode: bool


def product(stamp: Stamp, name: str) -> Json:
    """Build a service product."""
    return {
        "id": stamp.id,
        "object": "product",
        "active": True,
        "created": stamp.created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": stamp.livemode,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "tax_details": None,
        "type": "service",
        "unit_label": None,
        "updated": stamp.created,
        "url": None,
    }


def price(stamp: Stamp, spec: PriceSpec, product_id: str, meter: str | None) -> Json:
    """Build a price; its tiers are kept apart because Stripe sends them only when expanded."""
    unit = None if spec.tiers else spec.unit
    return {
        "id": stamp.id,
        "object": "price",
        "active": True,
        "billing_scheme": "tiered" if spec.tiers else "per_unit",
        "created": stamp.created,
        "currency": spec.currency,
        "custom_unit_amount": None,
        "livemode": stamp.livemode,
        "lookup_key": None,
        "metadata": {},
        "nickname": spec.nickname,
        "product": product_id,
        "recurring": _recurring(spec, meter),
        "tax_behavior": spec.tax_behavior,
        "tiers_mode": spec.tiers_mode if spec.tiers else None,
        "transform_quantity": _transform(spec),
        "type": "recurring" if spec.interval else "one_time",
        "unit_amount": whole_or_none(unit),
        "unit_amount_decimal": plain_decimal(unit),
    }


def plan(price_object: Json) -> Json:
    """Build the plan that Stripe still shows beside a recurring price."""
    recurring = price_object["recurring"]
    return {
        "id": price_object["id"],
        "object": "plan",
        "active": price_object["active"],
        "amount": price_object["unit_amount"],
        "amount_decimal": price_object["unit_amount_decimal"],
        "billing_scheme": price_object["billing_scheme"],
        "created": price_object["created"],
        "currency": price_object["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": price_object["livemode"],
        "metadata": {},
        "meter": recurring["meter"],
        "nickname": price_object["nickname"],
        "product": price_object["product"],
        "tiers_mode": price_object["tiers_mode"],
        "transform_usage": price_object["transform_quantity"],
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }


def tier(spec: TierSpec) -> Json:
    """Build one tier of a price."""
    return {
        "flat_amount": whole_or_none(spec.flat),
        "flat_amount_decimal": plain_decimal(spec.flat),
        "unit_amount": whole_or_none(spec.unit),
        "unit_amount_decimal": plain_decimal(spec.unit),
        "up_to": spec.up_to,
    }


def coupon(stamp: Stamp, spec: CouponSpec) -> Json:
    """Build a coupon; what it applies to is kept apart because Stripe sends it only when expanded."""
    return {
        "id": stamp.id,
        "object": "coupon",
        "amount_off": spec.amount_off,
        "created": stamp.created,
        "currency": spec.currency,
        "duration": spec.duration,
        "duration_in_months": spec.months,
        "livemode": stamp.livemode,
        "max_redemptions": None,
        "metadata": {},
        "name": spec.name,
        "percent_off": spec.percent_off,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }


def tax_rate(stamp: Stamp, percentage: float, *, inclusive: bool) -> Json:
    """Build a tax rate made by hand (not by Stripe Tax)."""
    return {
        "id": stamp.id,
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": stamp.created,
        "description": None,
        "display_name": "VAT",
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": inclusive,
        "jurisdiction": None,
        "jurisdiction_level": None,
        "livemode": stamp.livemode,
        "metadata": {},
        "percentage": percentage,
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
    }


def plain_decimal(text: str | None) -> str | None:
    """Give a decimal the way Stripe writes it: no exponent, no trailing zeros."""
    if text is None:
        return None
    plain = f"{Decimal(text):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def whole_or_none(text: str | None) -> int | None:
    """Give an amount as an integer, or None where it isn't whole."""
    if text is None or Decimal(text) % 1:
        return None
    return int(Decimal(text))


def _recurring(spec: PriceSpec, meter: str | None) -> Json | None:
    if spec.interval is None:
        return None
    return {
        "interval": spec.interval,
        "interval_count": spec.count,
        "meter": meter,
        "trial_period_days": None,
        "usage_type": "metered" if spec.metered else "licensed",
    }


def _transform(spec: PriceSpec) -> Json | None:
    if spec.divide_by is None:
        return None
    return {"divide_by": spec.divide_by, "round": spec.round_}
