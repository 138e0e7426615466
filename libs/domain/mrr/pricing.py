"""What a price costs per billing period for a quantity: exact, before discounts."""

from fractions import Fraction
from typing import assert_never

from libs.domain.price import Package, PackageRound, Price, Tier, TiersMode


class UnknownPrice(ValueError):
    """The amount cannot be computed from what is known; `gap` names what lacks."""

    def __init__(self, gap: str) -> None:
        super().__init__(gap)
        self.gap = gap


def period_amount(price: Price, quantity: int) -> Fraction:
    """Minor units per billing period. Raises UnknownPrice where tiers or the unit amount are not known."""
    if price.tiers_mode is None:
        if price.unit_amount is None:
            raise UnknownPrice(f"amount:{price.id}")
        return packages(quantity, price.package) * Fraction(price.unit_amount)
    tiers = price.tiers
    if not tiers or not _reaches(tiers, quantity):
        raise UnknownPrice(f"tiers:{price.id}")
    match price.tiers_mode:
        case TiersMode.GRADUATED:
            return sum((_tier_amount(tier, units) for tier, units in steps(tiers, quantity)), Fraction(0))
        case TiersMode.VOLUME:
            return _tier_amount(volume_tier(tiers, quantity), quantity)
        case _:
            assert_never(price.tiers_mode)


def packages(quantity: int, package: Package | None) -> int:
    """How many packages a quantity fills; part of one counts whole or not at all, as the price says."""
    if package is None:
        return quantity
    match package.round:
        case PackageRound.UP:
            return -(-quantity // package.divide_by)
        case PackageRound.DOWN:
            return quantity // package.divide_by
        case _:
            assert_never(package.round)


def steps(tiers: tuple[Tier, ...], quantity: int) -> list[tuple[Tier, int]]:
    """The tiers that a quantity reaches, each with its units. The first is always reached: Stripe bills its flat fee
    for a quantity of 0 too."""
    reached: list[tuple[Tier, int]] = []
    below = 0
    for tier in tiers:
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        reached.append((tier, max(top - below, 0)))
        below = max(below, top)
        if below >= quantity:
            break
    return reached


def volume_tier(tiers: tuple[Tier, ...], quantity: int) -> Tier:
    """The one tier that prices the whole quantity; the last where none reaches it."""
    return next((tier for tier in tiers if tier.up_to is None or quantity <= tier.up_to), tiers[-1])


def _reaches(tiers: tuple[Tier, ...], quantity: int) -> bool:
    last = tiers[-1].up_to
    return last is None or quantity <= last


def _tier_amount(tier: Tier, units: int) -> Fraction:
    return units * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
