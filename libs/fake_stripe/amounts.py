"""What a price costs for a quantity, before discounts and tax."""

from collections.abc import Sequence
from fractions import Fraction

from libs.fake_stripe.json_types import Json


def line_amount(price: Json, tiers: Sequence[Json], quantity: int) -> int:
    """Take a price with its tiers, give the amount in minor units, half up as Stripe's invoices have it."""
    return round_half_up(exact_amount(price, tiers, quantity))


def exact_amount(price: Json, tiers: Sequence[Json], quantity: int) -> Fraction:
    """The same without rounding."""
    if price["billing_scheme"] == "tiered":
        tiered = _graduated if price["tiers_mode"] == "graduated" else _volume
        return tiered(tiers, quantity)
    units = quantity
    if transform := price["transform_quantity"]:
        whole, rest = divmod(quantity, transform["divide_by"])
        units = whole + (1 if rest and transform["round"] == "up" else 0)
    return units * Fraction(price["unit_amount_decimal"])


def round_half_up(amount: Fraction) -> int:
    """Round to the nearest integer, halves away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * int(abs(amount) + Fraction(1, 2))


def _graduated(tiers: Sequence[Json], quantity: int) -> Fraction:
    total, counted = Fraction(0), 0
    for tier in tiers:
        upper = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        if upper > counted or (quantity == 0 and counted == 0):
            total += (upper - counted) * _unit(tier) + _flat(tier)
        counted = max(counted, upper)
        if counted >= quantity:
            break
    return total


def _volume(tiers: Sequence[Json], quantity: int) -> Fraction:
    for tier in tiers:
        if tier["up_to"] is None or quantity <= tier["up_to"]:
            return quantity * _unit(tier) + _flat(tier)
    return Fraction(0)


def _unit(tier: Json) -> Fraction:
    return Fraction(tier["unit_amount_decimal"] or 0)


def _flat(tier: Json) -> Fraction:
    return Fraction(tier["flat_amount_decimal"] or 0)
